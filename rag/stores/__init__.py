"""Beyond one machine: the same seams on engines that are distributed already. Importing it loads none of them."""
