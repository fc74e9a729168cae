"""Labels of a structure, the same under every imaging condition: each plane is one file in `planes`."""
