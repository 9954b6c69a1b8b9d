"""What whoever runs the service sees of it: its log, its metrics, and how it stops."""
