"""SQL statements that are kept in ``.sql`` files, in which each statement has a name and a comment."""

from collections.abc import Mapping

from provisioner.system.package_files import read_package_file

_MARK = "-- name: "


def read_statements(package: str, name: str) -> Mapping[str, str]:
    """Return the statements of ``<name>.sql`` in a package: dict of SQL text by statement name, in file order."""
    text = read_package_file(package, f"{name}.sql").decode()
    parts = text.split(_MARK)[1:]
    return {title.strip(): body.strip() for title, _, body in (part.partition("\n") for part in parts)}
