"""``python -m provisioner``: the same as ``provisioner``."""

import sys

from provisioner.cli.main import main

sys.exit(main())
