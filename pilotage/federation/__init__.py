"""Packages of territories: cut one out of an export, and merge several into one diagnosis, nothing counted twice."""
