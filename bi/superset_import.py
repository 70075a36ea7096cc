"""Run by Superset's own Python: hand a bundle to Superset's own importer, which overwrites what has the same UUID."""

import sys
from zipfile import ZipFile

from flask import g
from superset.app import create_app


def main(bundle: str, user: str) -> None:
    with create_app().app_context():
        from superset import security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.commands.importers.v1.utils import get_contents_from_bundle

        g.user = security_manager.find_user(username=user)
        with ZipFile(bundle) as archive:
            ImportAssetsCommand(get_contents_from_bundle(archive)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
