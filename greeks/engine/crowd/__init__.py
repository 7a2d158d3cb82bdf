"""Many contracts at once, on the same normals."""
