"""Agents: the tools that a program may call, and the Model Context Protocol."""
