"""Plans played until a goal is met, their moments, and the numbers read off them."""
