"""The whole page: one file that needs nothing but itself."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from . import sections
from .comparison import compare
from .gather import JobFigures
from .markup import paragraph

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Nothing is fetched and nothing is run, whatever a key column holds."""


def render(jobs: Sequence[JobFigures], *, version: str, made_at: str) -> str:
    """Render a report on one job, or a comparison of several with a report on each."""
    title = jobs[0].name if len(jobs) == 1 else f"{len(jobs)} jobs compared"
    body = [f"<h1>{escape(title)}</h1>", paragraph(f"made {made_at} by {version}")]
    if len(jobs) > 1:
        links = "".join(f'<a href="#job-{n}">{escape(job.name)}</a>' for n, job in enumerate(jobs, start=1))
        body += [f"<nav>{links}</nav>", compare(jobs)]
    for number, job in enumerate(jobs, start=1):
        heading = f"<h1>{escape(job.name)}</h1>" if len(jobs) > 1 else ""
        body.append(f'<article id="job-{number}">{heading}{job_parts(job)}</article>')
    return whole(title, "".join(body), policy=POLICY)


def job_parts(job: JobFigures) -> str:
    """Render every part of one job's report."""
    return "".join(
        (
            sections.accounting(job.counts),
            *sections.steps(job),
            sections.errors(job),
            sections.slowest(job),
            sections.configuration(job),
        )
    )


def whole(title: str, body: str, *, policy: str, script: str = "") -> str:
    """Put a page's head around its body."""
    style = resource("page.css")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main>{script}</body></html>\n"
    )


def resource(name: str) -> str:
    """Return a file that lies beside this module."""
    return (files(__package__) / name).read_text(encoding="utf-8")
