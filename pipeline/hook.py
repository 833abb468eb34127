"""The only part that knows MkDocs: run the pipeline's steps at the right moments of a build."""

import os
import re
import socket
import subprocess
from pathlib import Path

import markdown
import mkdocs_jupyter.config
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File

from pipeline import execute, finish, notebooks, results, widgets
from pipeline.files import write_whole
from pipeline.ledger import Ledger
from pipeline.script import Script, scripts
from pipeline.source import Page, SiteError

mkdocs_jupyter.config.settings.templates_dir = str(notebooks.TEMPLATES)
_serving = False


def _root(config) -> Path:
    return Path(config.config_file_path).resolve().parent


def on_startup(command, dirty):
    global _serving
    _serving = command == "serve"


def on_config(config):
    global _serving
    if _serving:
        _check_port(config.dev_addr)
        _serving = False  # the next build is a rebuild, with the port ours
    root = _root(config)
    for name in ("pipeline.embed", "pipeline.chapters", "pipeline.widgets"):
        config.mdx_configs.setdefault(name, {})["root"] = str(root)
    # MkDocs makes a Markdown reader for each page; they share what they read of the project.
    config.mdx_configs["pipeline.claims"] = {"ledger": Ledger(root)}
    config.plugins["mkdocs-jupyter"].config["cache_dir"] = str(root / ".cache" / "rendered")
    # The date in the site is that of the commit: the same commit gives the same bytes.
    if "SOURCE_DATE_EPOCH" not in os.environ:
        told = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=root, capture_output=True, text=True, check=False)
        os.environ["SOURCE_DATE_EPOCH"] = told.stdout.strip() or "0"
    return config


def _check_port(address):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError:
            raise SiteError(
                f"Port {address.port} on {address.host} is in use; stop what runs there, or choose another: "
                f"mkdocs serve -a {address.host}:{address.port + 1}"
            ) from None


@event_priority(100)  # before mkdocs-jupyter looks through the files
def on_files(files, config):
    root = _root(config)
    config.mdx_configs["pipeline.claims"]["ledger"].check()
    execute.execute_stale(root)
    for script in scripts(root):
        _add_example(script, files, config)
    return files


def _add_example(script, files, config):
    """Add the pages and files that come from one example."""

    def here(page):
        file = files.get_file_from_path(page)
        return file and f"/{file.url}"

    def on_the_web(page):
        file = files.get_file_from_path(page)
        return file and f"{config.site_url}{file.url}"

    def add(address, content):
        files.append(File.generated(config, address, content=content))

    for address, content in results.files(script).items():
        add(address, content)
    add(f"examples/{script.stem}/{script.stem}.py", notebooks.script_download(script, on_the_web))
    add(f"examples/{script.stem}/{script.stem}.ipynb", notebooks.notebook_download(script, on_the_web))

    reader = markdown.Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs)
    pages = script.root / ".cache" / "pages"
    path = pages / "examples" / f"{script.stem}.ipynb"
    content = notebooks.page_notebook(script, here, reader.convert)
    if not path.is_file() or path.read_bytes() != content:
        write_whole(path, content)
    files.append(File(f"examples/{script.stem}.ipynb", str(pages), config.site_dir, config.use_directory_urls))


def on_page_markdown(markdown, page, config, files):
    Page.root = _root(config)
    Page.path = Path(page.file.abs_src_path)
    page.meta["widgets"] = widgets.named(markdown)  # the modules that the page loads
    return markdown


def on_page_content(html, page, config, files):
    if not page.file.src_uri.startswith("examples/"):
        return html
    script = Script(_root(config) / "examples" / f"{Path(page.file.src_uri).stem}.py", _root(config))
    page.meta["description"] = notebooks.description(script)
    page.meta["script"] = script.stem
    html = html[: html.rindex("<style>")]  # mkdocs-jupyter ends the page with the highlighter's style; the theme has its own
    up = "../" * page.url.count("/")
    return re.sub(r'( (?:src|href)=")/(?!/)', rf"\g<1>{up}", html)


def on_post_build(config):
    finish.finish(Path(config.site_dir))
