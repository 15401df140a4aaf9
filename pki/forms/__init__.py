"""The forms of Decree 68/2024/ND-CP as data: what stands on each, and which fact fills what."""
