"""The whole HTML document: one file that loads nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib.resources import files

from .accounts import accounts_section
from .comparison import compare
from .detail_sections import configuration, errors, slowest
from .job_data import JobData
from .markup import escape, paragraph
from .overview import overview
from .sections import conditions, job_accounting, steps


def resource(name: str) -> str:
    """Return the text of a file in this package."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the CSP source expression of an inline style or script."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


STYLE = resource("page.css")
LIVE_STYLE = STYLE + resource("live.css")
SCRIPT = resource("live.js")


def _policy(style: str) -> str:
    return f"default-src 'none'; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


POLICY = _policy(STYLE)
"""Content security policy of a report: nothing is loaded and no script runs, whatever a key column holds."""
LIVE_POLICY = f"{_policy(LIVE_STYLE)}; script-src {_hash(SCRIPT)}; connect-src 'self'"
"""Content security policy of the dashboard: one script runs, which contacts only its own server."""


def render(jobs: Sequence[JobData], *, version: str, made_at: str) -> str:
    """Return the page about one job, or a comparison of several jobs followed by a report of each."""
    title = jobs[0].name if len(jobs) == 1 else f"{len(jobs)} jobs compared"
    body = []
    if len(jobs) > 1:
        links = "".join(f'<a href="#job-{n}">{escape(job.name)}</a>' for n, job in enumerate(jobs, start=1))
        body += [f"<nav>{links}</nav>", compare(jobs)]
    for number, job in enumerate(jobs, start=1):
        heading = f"<h1>{escape(job.name)}</h1>" if len(jobs) > 1 else ""
        body.append(f'<article id="job-{number}">{heading}{job_parts(job)}</article>')
    return report_document(title, "".join(body), version=version, made_at=made_at)


def report_document(title: str, body: str, *, version: str, made_at: str) -> str:
    """Return a report with its title above ``body``, which is HTML."""
    # By this mark, results.recognition knows that a report may be replaced by the next one.
    mark = f'<meta name="generator" content="webchat-{escape(version)}">'
    head = f"<h1>{escape(title)}</h1>{paragraph(f'made {made_at} by {version}')}"
    return html_document(title, f"{head}{body}", policy=POLICY, head=mark)


def render_live(title: str, body: str) -> str:
    """Return the dashboard's page around ``body``; its script then updates it."""
    return html_document(title, body, policy=LIVE_POLICY, style=LIVE_STYLE, script=SCRIPT)


SECTIONS: Sequence[Callable[[JobData], str]] = (
    overview,
    job_accounting,
    lambda job: accounts_section(job.accounts),
    conditions,
    steps,
    errors,
    slowest,
    configuration,
)
"""Parts of the report on one job, from top to bottom; each returns HTML, empty where it has nothing to tell."""


def job_parts(job: JobData) -> str:
    """Return all sections of one job's report."""
    return "".join(section(job) for section in SECTIONS)


def html_document(
    title: str, body: str, *, policy: str, style: str = STYLE, script: str = "", head: str = ""
) -> str:
    """Return an HTML document with ``body`` and ``head``, both HTML.

    ``policy`` must allow ``style``, and ``script``, if any.
    """
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main>{f'<script>{script}</script>' if script else ''}</body></html>\n"
    )
