"""`antin form`: what the register knows goes into a form."""
