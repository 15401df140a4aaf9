"""The building blocks of the validation process: pure functions over facts."""
