"""PyTorch modules -> graphs: one forward pass is watched, its products are counted."""
