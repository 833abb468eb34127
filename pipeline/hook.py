"""The only part that knows MkDocs: run the pipeline's steps at the right moments of a build."""

import errno
import json
import logging
import os
import re
import socket
import subprocess
import traceback
from contextlib import ExitStack
from html import escape
from itertools import pairwise
from pathlib import Path

from markdown import Markdown
from mkdocs.exceptions import Abort, MkDocsException
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, InclusionLevel
from mkdocs.utils import CountHandler

from pipeline import building, catalogue, chapters, claims, execute, finish, notebooks, package, search, widgets
from pipeline.embed import Runs
from pipeline.files import write_whole
from pipeline.ledger import Ledger
from pipeline.script import Script, scripts
from pipeline.source import Page, SiteError, unlike

_FULL_OR_CLOSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
_log = logging.getLogger("mkdocs.plugins.pipeline")
# What these write depends on more than the text that they stand in; only pages have them.
_ONLY_IN_PAGES = ("pipeline.claims", "pipeline.chapters", "pipeline.widgets")
_serving = False
_building = ExitStack()  # what a build holds: the lock, and the folder that it builds into
_site = None  # the folder that the finished site is to be in
_problem = ""  # why the last build failed
_TAKE = 'class="pt-take" data-search-exclude'
_scripts = {}  # of each chapter, as chapters.scripts gives them


def _root(config) -> Path:
    return Path(config.config_file_path).resolve().parent


def on_startup(command, dirty):
    global _serving
    _serving = command == "serve"
    # `--quiet` drops warnings before `--strict` can count them; quiet is to be without what is neither warning nor error.
    logger = logging.getLogger("mkdocs")
    logger.setLevel(min(logger.level, logging.WARNING))


def on_config(config):
    global _site
    if _serving and _site is None:  # else it is a rebuild, with the port ours
        _check_port(config.dev_addr)
    root = _root(config)
    _building.enter_context(building.alone(root))
    _site = Path(config.site_dir).resolve()
    config.site_dir = str(_building.enter_context(building.beside(_site)))
    for name in ("pipeline.chapters", "pipeline.widgets"):
        config.mdx_configs.setdefault(name, {})["root"] = str(root)
    # MkDocs makes a Markdown reader for each page; they share what they read of the project.
    config.mdx_configs["pipeline.claims"] = {"ledger": Ledger(root)}
    config.mdx_configs["pipeline.embed"] = {"runs": Runs(root)}
    os.environ["JUPYTER_PATH"] = str(notebooks.TEMPLATES)  # there Jupyter finds our template before mkdocs-jupyter's own
    rendered = root / ".cache" / "rendered"
    config.plugins["mkdocs-jupyter"].config["cache_dir"] = str(rendered)
    _drop_broken(rendered)
    search.keep(getattr(config.plugins.get("material/search"), "search_index", None), root / ".cache" / "search")
    # The date in the site is that of the commit: the same commit gives the same bytes.
    if "SOURCE_DATE_EPOCH" not in os.environ:
        os.environ["SOURCE_DATE_EPOCH"] = _commit_time(root) or "0"
        _building.callback(os.environ.pop, "SOURCE_DATE_EPOCH", None)  # the next build may be of another commit
    return config


def _check_port(address):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError:
            other = address.port + 1
            command = f"make serve PORT={other}" if "MAKELEVEL" in os.environ else f"mkdocs serve -a {address.host}:{other}"
            raise SiteError(
                f"Port {address.port} on {address.host} is in use; stop what runs there, or choose another: {command}"
            ) from None


def _drop_broken(rendered):
    """Delete the pages in mkdocs-jupyter's cache that a full disk or a kill has left half-written; it would not notice."""
    for path in rendered.glob("*.json"):
        try:
            whole = {"content", "toc_tokens"} <= json.loads(path.read_bytes()).keys()
        except (ValueError, AttributeError):
            whole = False
        if not whole:
            path.unlink()


def _commit_time(root):
    """Return the time of the last commit in seconds since 1970, as text; "" in a copy without git."""
    try:
        told = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return told.stdout.strip()


@event_priority(100)  # before mkdocs-jupyter looks through the files
def on_files(files, config):
    root = _root(config)
    ledger = config.mdx_configs["pipeline.claims"]["ledger"]
    ledger.check()
    execute.execute_stale(root)
    for script in scripts(root):
        _add_example(script, files, config)
    files.append(File.generated(config, package.ADDRESS, content=package.archive(root)))
    for page in ledger.pages:
        content = claims.entries(ledger, page)
        files.append(File.generated(config, claims.address(page), content=content, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def _add_example(script, files, config):
    """Add the pages and files that come from one example."""

    def address(page):
        if (script.root / page).with_suffix(".py").is_file():  # another script, whose page may come later
            return page.removesuffix(".ipynb") + "/"
        file = files.get_file_from_path(page)
        return file and file.url

    def here(page):
        url = address(page)
        return url and f"/{url}"

    def on_the_web(page):
        url = address(page)
        return url and f"{config.site_url}{url}"

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


def on_nav(nav, config, files):
    for file in files.documentation_pages(inclusion=InclusionLevel.is_in_nav):
        if file.page not in nav.pages:
            source = file.src_uri if file.src_uri.startswith("examples/") else f"docs/{file.src_uri}"
            _log.warning(f"{source} is not in nav of mkdocs.yml; add {file.src_uri} there, where it is to be read.")
    global _scripts
    _scripts = chapters.scripts(_root(config)) if config.nav else {}
    chain = [page for page in nav.pages if not _is_script(page)]  # a reader goes from chapter to chapter
    for page in nav.pages:
        page.previous_page = page.next_page = None
    for page, following in pairwise(chain):
        page.next_page, following.previous_page = following, page
    return nav


def _is_script(page):
    return page.file.src_uri.startswith("examples/")


def _is_chapter(page):
    return page.file.src_uri.startswith("learn/") and Path(page.file.src_uri).stem in _scripts


def on_post_template(output, template_name, config):
    if template_name == "sitemap.xml" and os.environ["SOURCE_DATE_EPOCH"] == "0":  # a copy without git: no date is known
        return re.sub(r"<lastmod>.*?</lastmod>", "", output)
    return output


def on_page_markdown(markdown, page, config, files):
    Page.root = _root(config)
    Page.path = Path(page.file.abs_src_path) if page.file.abs_src_path else None  # a page of the ledger stands in no file
    page.meta["widgets"] = widgets.named(markdown)  # the modules that the page loads
    return markdown


def on_page_content(html, page, config, files):
    up = "../" * page.url.count("/")
    stem = Path(page.file.src_uri).stem
    if _is_chapter(page):
        rows = []
        for other in _scripts[stem]:
            label = "The script" if other == stem else notebooks.heading(_script(other, config))
            folder = f"{up}examples/{other}/"
            rows.append(f'<li><a href="{folder}">{escape(label)}</a> {notebooks.downloads(other, folder, "", config.repo_url)}</li>')
        links = f"\n<ul {_TAKE}>{''.join(rows)}</ul>"
        return re.sub(r'<div class="pt-head">\s*<p>.*?</p>', lambda head: head[0] + links, html, count=1, flags=re.DOTALL)
    return _example(html, page, stem, up, config, files) if _is_script(page) else html


def _script(stem, config):
    return Script(_root(config) / "examples" / f"{stem}.py", _root(config))


def _example(html, page, stem, up, config, files):
    """Return the content of a script's page: its title told apart from the chapter's, and below it what can be taken along."""
    script = _script(stem, config)
    cells = re.search(r"<!-- cells -->\s*(.*)<!-- end of cells -->", html, re.DOTALL)  # mkdocs-jupyter adds styles that the theme has
    if cells is None:
        raise unlike(script.name, "mkdocs-jupyter", "renders an example, without pipeline/templates,", "hook.py")
    html = re.sub(r'( (?:src|href)=")/(?!/)', rf"\g<1>{up}", cells[1])
    heading = notebooks.heading(script)
    title = chapters.script_title(heading)
    page.meta |= {"title": title, "description": notebooks.description(script)}
    chapter = next((files.get_file_from_path(f"learn/{owner}.md").page for owner, stems in _scripts.items() if stem in stems), None)
    page.title = chapters.script_title(chapter.title) if stem in _scripts else title  # short in the menu, as the chapter's is
    links = f'<a href="{up}{chapter.url}">Chapter: {chapter.title}</a> ' if chapter else ""
    links = f"<p {_TAKE}>{links}{notebooks.downloads(stem, '', stem, config.repo_url)}</p>"
    # Its id, made of the heading's words, has been published and stays.
    ending = r'(<a class="headerlink"[^>]*>#</a>)?</h1>'
    return re.sub(ending, lambda end: f"{title.removeprefix(heading)}{end[0]}\n{links}", html, count=1)


def on_page_context(context, page, config, nav):
    if _is_chapter(page):
        date = page.update_date if os.environ["SOURCE_DATE_EPOCH"] != "0" else ""  # of the commit
        context["resource"] = catalogue.resource(page.content, page.meta, page.canonical_url, config.site_author, date, _root(config))
    return context


@event_priority(-100)  # after the plugins that write files
def on_post_build(config):
    finish.finish(Path(config.site_dir), _root(config))
    counters = [handler for handler in logging.getLogger("mkdocs").handlers if isinstance(handler, CountHandler)]
    if not (config.strict and any(counter.get_counts() for counter in counters)):  # else MkDocs stops the build now
        building.replace(_site, Path(config.site_dir))
        if not _serving:
            _log.info(f"The site is in {_site}")
    config.site_dir = str(_site)
    _building.close()


def on_build_error(error):
    global _problem
    _problem = str(error)
    _building.close()
    if isinstance(error, OSError) and error.errno in _FULL_OR_CLOSED:
        name = error.filename2 or error.filename  # of a copy, where it was to go
        where = f" ({name})" if name else ""
        raise SiteError(
            f"The site could not be written: {error.strerror}{where}; make room or give write access, then run again. "
            "What was there before is kept."
        ) from None


def on_shutdown():
    _building.close()  # after Ctrl-C, which is no error


def on_serve(server, config, builder):
    """After a rebuild that failed, serve the pages from before, each with the reason on it; MkDocs would let them hang."""

    def rebuild():
        global _problem
        _problem = ""
        try:
            builder()
        except Exception as error:
            if not isinstance(error, MkDocsException):
                traceback.print_exc()
            elif not isinstance(error, Abort):  # whose reason MkDocs has said
                _log.error(error)
            _log.error("The pages are served as they were before; mend what is wrong and save.")
            _put_on_pages(Path(server.root), _problem or str(error))

    server.builder = rebuild
    return server


def _put_on_pages(site, problem):
    style = "position: fixed; inset: auto 0 0; z-index: 9; margin: 0; padding: 1em; color: #fff; background: #b00020; white-space: pre-wrap"
    bar = f'<p id="pt-problem" role="alert" style="{style}">Not rebuilt: {escape(problem)}</p>'
    for page in site.rglob("*.html"):
        text = re.sub('<p id="pt-problem".*?</p>', "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        page.write_text(text.replace("</body>", f"{bar}</body>"), encoding="utf-8")
