"""Who is told what about certificates, when, and in what words."""
