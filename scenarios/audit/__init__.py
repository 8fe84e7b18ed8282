"""What does not fit together in a plan document, found by general rules from its numbers."""
