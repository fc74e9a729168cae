"""Exit waves to images: transfer function, zero-defocus search, dose and labels."""
