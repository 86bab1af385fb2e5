"""Reading drive folders and turning them into training batches."""
