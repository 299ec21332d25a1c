"""Formats that are ZIP archives (EPUB, DOCX, ODT): reading parts of them, with a limit on what they unpack to.

Parts are only read into memory. A path in an archive is a name that is looked up in it, never a path on the disk.
"""

import io
import lzma
import zipfile
import zlib

from poet.errors import CleaningError

# More than this is not unpacked from one file. The text of the Bible has 4 MB; a DOCX with pictures rarely has 100 MB.
# A ZIP file of 1 MB can unpack to 1 GB.
MAX_UNPACKED = 256 * 2**20

# How a file of Microsoft's older formats begins. An encrypted DOCX is one, too.
COMPOUND_FILE = b"\xd0\xcf\x11\xe0"


class Archive:
    """The ZIP archive with the bytes `content`; `name` is what errors call it."""

    def __init__(self, content: bytes, name: str) -> None:
        """Open the archive; CleaningError if it is none."""
        self.name = name
        self._left = MAX_UNPACKED
        if content.startswith(COMPOUND_FILE):
            raise CleaningError(
                f"{name} is encrypted, or an old .doc file under another name. Open it in its program, and save it "
                "without a password in the format that its suffix says."
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            self.parts = set(self._zip.namelist())
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise self.broken(f"it is no whole ZIP archive ({error})") from None

    def broken(self, problem: str) -> CleaningError:
        """The error for a damaged file, to be raised."""
        return CleaningError(f"{self.name} cannot be read: {problem}. Get a fresh copy, or convert it to a .txt file.")

    def read(self, part: str) -> bytes:
        """The bytes of the part called `part`; CleaningError if it is missing, damaged, encrypted or too large."""
        if part not in self.parts:
            raise self.broken(f"its part {part!r} is missing")
        info = self._zip.getinfo(part)
        if info.flag_bits & 1:
            raise CleaningError(f"{self.name} is encrypted. Save a copy without a password.")
        # The size in the archive's list is binding: zipfile never unpacks more.
        self._reserve(info.file_size)
        try:
            return self._zip.read(info)
        # The last three: what the unpackers raise for damaged data, and what zipfile raises for an unknown method.
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError) as error:
            raise self.broken(f"its part {part!r} is damaged ({error})") from None

    def check_total(self) -> None:
        """CleaningError if all parts together are too large: for a library that unpacks the archive itself."""
        self._reserve(sum(info.file_size for info in self._zip.infolist()))

    def _reserve(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise CleaningError(
                f"{self.name} unpacks to more than {MAX_UNPACKED // 2**20} MB. If it is a real book, remove its "
                "pictures or convert it to a .txt file."
            )
