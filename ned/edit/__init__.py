"""Who is edited, into what and when, and what that means for every frame of a track."""
