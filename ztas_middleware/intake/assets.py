"""Paths that are no pages, where nothing but the path tells: in a log, and of a 304."""

from __future__ import annotations

# What pages are made of, what programs fetch, and downloads.
_EXTENSIONS = """
css js mjs cjs map wasm json jsonld xml xsl txt csv atom rss webmanifest manifest ico cur
png jpg jpeg jfif gif webp avif jxl svg svgz bmp tif tiff heic woff woff2 ttf otf eot
mp3 m4a aac oga ogg opus wav flac weba mp4 m4v mov webm ogv avi mkv m3u8 mpd ts vtt srt
pdf epub zip gz tgz bz2 xz zst 7z rar tar exe msi dmg pkg deb rpm apk iso bin jar whl sig asc
"""
_ASSETS = frozenset(_EXTENSIONS.split())


def is_asset(path: str) -> bool:
    """Whether a path, without its query, ends like a file that is no page."""
    return "." in path and path.rpartition(".")[2].lower() in _ASSETS
