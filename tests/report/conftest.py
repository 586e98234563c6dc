"""Pages of audits."""

import pytest


def opened_table(page, name):
    """Opens a table of a page or a frame, whose rows are made as it opens."""
    page.locator(f'[data-table="{name}"] summary').click()
    page.locator(f'[data-table="{name}"] tbody tr').first.wait_for()


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Each audit with its page, made once."""
    from .audits import audit_of

    folder, made = tmp_path_factory.mktemp("pages"), {}

    def page(name):
        if name not in made:
            audit = audit_of(name)
            made[name] = audit, audit.report(folder / f"{name}.html")
        return made[name]

    return page
