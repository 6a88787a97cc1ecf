"""Shape without images: topologies of faces, poses, what is measured on landmarks, triangles drawn to pixels."""
