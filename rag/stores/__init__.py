"""Stores beyond one machine: the seam `Index` on engines that are distributed. Importing it loads none of them."""
