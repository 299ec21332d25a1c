"""Settings for tests of sources."""

from poet.params.sections import Collection, DownloadSettings, FolderSource, GutenbergSource


def download_settings(*mirrors: str, allow_missing: bool = False) -> DownloadSettings:
    """Downloads from `mirrors`; without any, from a folder that does not exist."""
    return DownloadSettings(mirrors=list(mirrors) or ["none"], allow_missing=allow_missing, max_bytes=1_000_000)


def gutenberg_collection(*ids: int) -> Collection:
    return Collection(title="Gutenberg", sources=[GutenbergSource(kind="gutenberg", ids=list(ids))])


def folder_collection(path: object, *, aliases: bool = False) -> Collection:
    return Collection(title="Folder", sources=[FolderSource(kind="folder", path=str(path), aliases=aliases)])
