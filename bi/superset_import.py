"""Run by Superset's own Python: tables, roles and user made if need be, then a bundle given to Superset's own importer.

One process for the four: each start of Superset costs eight seconds. What has the same UUID is overwritten.
"""

import os
import sys
from zipfile import ZipFile

from flask import g
from superset.app import create_app


def main(bundle: str, user: str) -> None:
    app = create_app()
    with app.app_context():
        from flask_migrate import upgrade

        upgrade()
    app = create_app()  # the first one was made before the tables
    with app.app_context():
        from superset import appbuilder, security_manager

        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        g.user = _ensure_user(security_manager, user, os.environ["PILOTAGE_BI_MOT_DE_PASSE"])
        _import(bundle)


def _ensure_user(security_manager, name: str, password: str):
    user = security_manager.find_user(username=name)
    if user:
        security_manager.reset_password(user.id, password)
        return user
    role = security_manager.find_role("Admin")
    return security_manager.add_user(name, "Pilotage", "Administration", f"{name}@localhost", role, password)


def _import(bundle: str) -> None:
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.commands.importers.v1.utils import get_contents_from_bundle

    with ZipFile(bundle) as archive:
        ImportAssetsCommand(get_contents_from_bundle(archive)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
