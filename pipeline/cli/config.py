"""``transcribe config``: the settings in force."""

from __future__ import annotations

import typer

from pipeline.cli.options import SettingsOptions, options


@options(shared=SettingsOptions)
def show(shared: SettingsOptions) -> None:
    """Print the settings in force as YAML, fit for --config."""
    from pipeline.config.schema import as_yaml

    typer.echo(as_yaml(shared.settings()), nl=False)
