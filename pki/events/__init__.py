"""Events that befall people, posts, agencies and tokens: what they change, what they ask for."""
