"""One thin command per stage of dvc.yaml: options in, one call into poet. Run as `python -m stages.<name>`."""
