"""OpenAI's cookbook script ``api_request_parallel_processor.py``, unchanged; the user names a copy of it.

The script supports https only, so it connects to the server over TLS and trusts its certificate by
``SSL_CERT_FILE``. It counts tokens with ``tiktoken``, which would download its tables; a replacement that counts
words is written beside the rows. It needs less time than the real one.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders import Call, Job
from benchmarks.customers import forms, write_customers
from benchmarks.process import Missing

STAND_IN = '''"""Counts words in place of tokens."""


class Encoding:
    encode = staticmethod(str.split)


def get_encoding(name):
    return Encoding
'''
LIMITS = ("--max_requests_per_minute", "100000000", "--max_tokens_per_minute", "1000000000000")


def cookbook(script: str) -> Callable[[Job], Call]:
    """Return the call of the script at path ``script``, with limits so high that they have no effect."""

    def call(job: Job) -> Call:
        if not script:
            raise Missing("no copy of the script was named: --cookbook PATH")
        if not Path(script).is_file():
            raise Missing(f"there is no file {script}")
        (job.folder / "tiktoken.py").write_text(STAND_IN, encoding="ascii")
        results = job.folder / "cookbook-results.jsonl"
        results.unlink(missing_ok=True)
        files = ["--requests_filepath", str(write_requests(job)), "--save_filepath", str(results)]
        url = ["--request_url", f"{job.server.tls_url}/v1/embeddings", "--api_key", "invented"]
        trust = {"SSL_CERT_FILE": str(job.server.certificate), "PYTHONPATH": str(job.folder)}
        return Call([sys.executable, str(Path(script).resolve()), *files, *url, *LIMITS], trust)

    return call


def write_requests(job: Job) -> Path:
    """Write the customers as embedding requests, the format that the script reads; return the file's path."""
    path = job.folder / f"requests-{job.rows}.jsonl"
    if not path.exists():
        with path.open("w", encoding="utf-8") as stream:
            for number, form in enumerate(forms(write_customers(job.folder, job.rows)), start=1):
                text = json.dumps(form, ensure_ascii=False)
                request = {"model": "text-embedding-3-small", "input": text, "metadata": {"row": number}}
                stream.write(json.dumps(request) + "\n")
    return path
