"""Files that come with the program, beside its modules."""

import pkgutil


def read_package_file(package: str, name: str) -> bytes:
    """Return the bytes of the file ``name``, a path with ``/``, in the folder of ``package``.

    ``importlib.resources`` does the same, and imports forty modules for it.
    """
    found = pkgutil.get_data(package, name)
    if found is None:
        raise FileNotFoundError(f"{package} cannot read its file {name}")
    return found
