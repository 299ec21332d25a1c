"""The story of the pipeline: one page for each stage of dvc.yaml. Run as `python -m stages.<name>`."""
