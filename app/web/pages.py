"""Turns a context into HTML. Every context class names its template, and every template has one context class."""

from pathlib import Path
from typing import ClassVar, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"


class Context(Protocol):
    """A frozen dataclass; its template sees it as `page`."""

    template: ClassVar[str]


def load_templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # otherwise every line of a transcript looks at the disk
    )


def render(templates: Environment, context: Context, **around: object) -> Markup:
    """Give the HTML of a context; what it holds is escaped."""
    return Markup(templates.get_template(context.template).render(page=context, **around))  # noqa: S704  escaped there
