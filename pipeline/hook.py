"""The only part that knows MkDocs: run the pipeline's steps at the right moments of a build."""

import os
import re
import socket
import subprocess
from pathlib import Path

from markdown import Markdown
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File

from pipeline import execute, finish, notebooks, search, widgets
from pipeline.embed import Runs
from pipeline.files import write_whole
from pipeline.ledger import Ledger
from pipeline.script import Script, scripts
from pipeline.source import Page, SiteError, unlike

# What these write depends on more than the text that they stand in; only pages have them.
_ONLY_IN_PAGES = ("pipeline.claims", "pipeline.chapters", "pipeline.widgets")
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
    for name in ("pipeline.chapters", "pipeline.widgets"):
        config.mdx_configs.setdefault(name, {})["root"] = str(root)
    # MkDocs makes a Markdown reader for each page; they share what they read of the project.
    config.mdx_configs["pipeline.claims"] = {"ledger": Ledger(root)}
    config.mdx_configs["pipeline.embed"] = {"runs": Runs(root)}
    os.environ["JUPYTER_PATH"] = str(notebooks.TEMPLATES)  # there Jupyter finds our template before mkdocs-jupyter's own
    config.plugins["mkdocs-jupyter"].config["cache_dir"] = str(root / ".cache" / "rendered")
    search.keep(getattr(config.plugins.get("material/search"), "search_index", None), root / ".cache" / "search")
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

    extensions = [name for name in config.markdown_extensions if name not in _ONLY_IN_PAGES]
    options = {name: config.mdx_configs[name] for name in extensions if name in config.mdx_configs}
    settings = repr([extensions, {name: chosen for name, chosen in options.items() if not name.startswith("pipeline.")}])
    made = notebooks.files(script, here, on_the_web, lambda: Markdown(extensions=extensions, extension_configs=options), settings)
    page = notebooks.page_address(script)
    pages = script.root / ".cache" / "pages"
    if not (pages / page).is_file() or (pages / page).read_bytes() != made[page]:
        write_whole(pages / page, made[page])
    files.append(File(page, str(pages), config.site_dir, config.use_directory_urls))
    for address, content in made.items():
        if address != page:
            files.append(File.generated(config, address, content=content))


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
    cells = re.search(r"<!-- cells -->\s*(.*)<!-- end of cells -->", html, re.DOTALL)  # mkdocs-jupyter adds styles that the theme has
    if cells is None:
        raise unlike(script.name, "mkdocs-jupyter", "renders an example, without pipeline/templates,", "hook.py")
    up = "../" * page.url.count("/")
    return re.sub(r'( (?:src|href)=")/(?!/)', rf"\g<1>{up}", cells[1])


def on_post_build(config):
    finish.finish(Path(config.site_dir), _root(config))
