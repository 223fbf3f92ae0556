"""The guides: a list on the left, the open guide on the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from textual import events, on, work
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Markdown, OptionList, Static
from textual.widgets.markdown import MarkdownFence
from textual.widgets.option_list import Option

from openhqm_tui.domain.errors import Problem, reason_of
from openhqm_tui.domain.guides import Leads, Words, link_to, links, sections
from openhqm_tui.domain.text import one_line
from openhqm_tui.store.guides import Guide, guides
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.session import copy, session_of
from openhqm_tui.tui.guides.markdown import GuideText
from openhqm_tui.tui.widgets.dialogs import HelpDialog, ListDialog
from openhqm_tui.tui.widgets.key_line import KeyLine


def open_guides(app: App[Any], name: str = "", address: str = "") -> None:
    """Show the guides, at a section of one if named, unless a dialog is open."""
    if len(app.screen_stack) > 1:
        return

    try:
        found = guides()
    except Problem as problem:
        app.notify(str(problem), severity="error", markup=False)
        return
    if not found:
        app.notify("no guides are installed", severity="error", markup=False)
        return
    app.push_screen(GuidesScreen(found, name, address))


class GuideScroll(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls without animation, by the keys of the registry."""

    BINDINGS: ClassVar = bindings("guide")

    def action_lines(self, lines: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=lines, animate=False)

    def action_pages(self, pages: int) -> None:
        """Scroll by pages."""
        self.scroll_relative(y=pages * max(1, self.size.height - 1), animate=False)


class PickDialog(ListDialog[int | None]):
    """Returns the index of the chosen line, or None."""

    CSS_PATH = ["../widgets/dialogs.tcss", "pick.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = [*bindings("dialog"), ("j", "step(1)"), ("k", "step(-1)"), ("q", "close")]

    def __init__(self, title: str, lines: Sequence[Content]) -> None:
        super().__init__()
        self.title_words, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """Build the list."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self.title_words, "bold"), classes="dialog-title")
            yield OptionList(
                *(Option(line) for line in self._lines), id="pick", compact=True, markup=False
            )

    def on_mount(self) -> None:
        """Select the first line."""
        self.begin_with_first()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Return the selected line."""
        self.dismiss(event.option_index)

    def on_click(self, event: events.Click) -> None:
        """Close on a click outside the list."""
        if event.widget is self:
            self.action_close()

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)


class _Place(NamedTuple):
    guide: int
    line: float


class GuidesScreen(ModalScreen[None]):
    """Shows one guide at a time, first `name` at section `address`."""

    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar = bindings("guides")
    AUTO_FOCUS = ""
    # Leaves at least eighty columns for the text next to the contents.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-middle"), (150, "-wide")]  # noqa: RUF012

    def __init__(self, guides: Sequence[Guide], name: str = "", address: str = "") -> None:
        super().__init__()
        self.guides = guides
        self.at = next((i for i, guide in enumerate(guides) if guide.name == name), 0)
        self.name_asked, self.address_asked = name, address
        self._text = ""
        self._before: list[_Place] = []
        self._found: list[int] = []
        self._found_at = -1

    @property
    def guide(self) -> Guide:
        """The guide that is open."""
        return self.guides[self.at]

    def compose(self) -> ComposeResult:
        """Build list, text, contents, search and keys."""
        with Horizontal(id="guides-head"):
            yield Static(id="guides-title")
            yield Static("✕", id="guides-close")
        with Horizontal(id="guides"):
            yield OptionList(
                *(Option(guide.title) for guide in self.guides),
                id="guides-list",
                compact=True,
                markup=False,
            )
            with Vertical(id="guides-middle"):
                with GuideScroll(id="guide-scroll"):
                    yield GuideText()
                yield Input(compact=True, placeholder="search this guide", id="guides-find")
            yield OptionList(id="guides-contents", compact=True, markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Open the first guide."""
        self.query_one("#guides-find").display = False
        self.query_one(GuideScroll).focus()
        self._open(self.at, self.address_asked)

    @on(OptionList.OptionSelected, "#guides-list")
    def guide_chosen(self, event: OptionList.OptionSelected) -> None:
        """Open the selected guide, and focus its text."""
        self.query_one(GuideScroll).focus()
        if event.option_index != self.at:
            self._leave_for(event.option_index)

    @on(OptionList.OptionSelected, "#guides-contents")
    def section_chosen(self, event: OptionList.OptionSelected) -> None:
        """Go to a section."""
        self.query_one(GuideScroll).focus()
        self._go_to(sections(self._text)[event.option_index].address)

    @on(Markdown.LinkClicked)
    def link_clicked(self, event: Markdown.LinkClicked) -> None:
        """Follow a link."""
        event.stop()
        self.follow(event.href)

    @on(Input.Submitted, "#guides-find")
    def find(self, event: Input.Submitted) -> None:
        """Go to the first match."""
        event.input.display = False
        self.query_one(GuideScroll).focus()
        words = event.value.casefold().strip()
        blocks = self.query_one(GuideText).blocks()
        self._found = [
            at for at, block in enumerate(blocks) if words and words in block.told.casefold()
        ]
        self._found_at = -1
        if self._found:
            self.action_found(1)
        else:
            self._mark(None)
            self._show_title(f"“{event.value}” not found" if words else "")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show only the text on a narrow screen while it has the focus."""
        self.set_class(event.widget.id in {"guide-scroll", "guides-find"}, "-reading")

    def on_click(self, event: events.Click) -> None:
        """Handle clicks on the cross, which closes, and on the title, which shows the list."""
        if event.widget is not None and event.widget.id == "guides-close":
            self.action_close()
        elif event.widget is not None and event.widget.id == "guides-title":
            self.query_one("#guides-list").focus()

    def follow(self, href: str) -> None:
        """Follow a link to a guide or section; external links are copied."""
        link = link_to(href)
        if link.leads is Leads.GUIDE:
            names = [guide.name for guide in self.guides]
            if not link.guide or link.guide == self.guide.name:
                self._remember()
                self._go_to(link.address)
            elif link.guide in names:
                self._leave_for(names.index(link.guide), link.address)
            else:
                self.notify(
                    f"there is no guide named {link.guide}", severity="warning", markup=False
                )
        elif link.leads is Leads.NOWHERE:
            self.notify(f"can't follow this link: {link.href}", severity="warning", markup=False)
        else:
            # The browser or the project's files may be on another machine.
            copy(self, link.href, link.href)

    def action_close(self) -> None:
        """Close the search if it is open, else the guides."""
        field = self.query_one("#guides-find")
        if field.display and field.has_focus:
            field.display = False
            self.query_one(GuideScroll).focus()
        else:
            self.dismiss(None)

    def action_pick_section(self) -> None:
        """Offer the sections."""
        found = sections(self._text)

        def chosen(at: int | None) -> None:
            if at is not None:
                self._remember()
                self._go_to(found[at].address)

        lines = [Content("  " * (one.depth - 1) + one.title) for one in found]
        self.app.push_screen(PickDialog(f"Sections of {self.guide.title}", lines), chosen)

    def action_links(self) -> None:
        """Offer the links."""
        found = links(self._text)
        if not found:
            self.notify("This guide has no links.", timeout=3)
            return

        def chosen(at: int | None) -> None:
            if at is not None:
                self.follow(found[at].href)

        title = "Enter opens a link; external links are copied"
        self.app.push_screen(PickDialog(title, [_link_line(one) for one in found]), chosen)

    def action_search(self) -> None:
        """Open the search field."""
        field = self.query_one("#guides-find", Input)
        field.display = True
        field.focus()
        field.select_all()

    def action_found(self, by: int) -> None:
        """Go to the next or previous match."""
        if not self._found:
            return
        self._found_at = (self._found_at + by) % len(self._found)
        at = self._found[self._found_at]
        self._mark(at)
        self._show_title(f"match {self._found_at + 1} of {len(self._found)}")

    def action_copy(self) -> None:
        """Copy the first visible command block."""
        scroll = self.query_one(GuideScroll)
        for fence in self.query(MarkdownFence):
            if fence.region.bottom > scroll.region.y and fence.region.y < scroll.region.bottom:
                copy(self, fence.code, f"“{one_line(fence.code, 60)}”")
                return
        self.notify("No command block is visible.", timeout=3)

    def action_back(self) -> None:
        """Go back to the last link followed."""
        if self._before:
            place = self._before.pop()
            self._open(place.guide, line=place.line)

    def action_step(self, by: int) -> None:
        """Open the next or previous guide."""
        self._leave_for((self.at + by) % len(self.guides))

    def action_side(self) -> None:
        """Go to the list, or to the text."""
        there = self.query_one("#guides-list")
        (self.query_one(GuideScroll) if there.has_focus else there).focus()

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(HelpDialog("guides", session_of(self).keymap))

    def _remember(self) -> None:
        self._before.append(_Place(self.at, self.query_one(GuideScroll).scroll_y))

    def _leave_for(self, guide: int, address: str = "") -> None:
        self._remember()
        self._open(guide, address)

    @work(exclusive=True, group="guide")
    async def _open(self, at: int, address: str = "", line: float = 0) -> None:
        self.at = at
        try:
            self._text = self.guide.read()
        except (OSError, UnicodeDecodeError) as error:
            self._text = f"# {self.guide.title}\n\nThis guide can't be read: `{reason_of(error)}`"
        self._found = []
        self._show_title()
        self.query_one("#guides-list", OptionList).highlighted = at
        contents = self.query_one("#guides-contents", OptionList)
        contents.clear_options()
        contents.add_options(
            Option(" " * (one.depth - 1) + one.title) for one in sections(self._text)
        )
        scroll = self.query_one(GuideScroll)
        await self.query_one(GuideText).show(self._text)
        if address:
            self._go_to(address)
        else:
            scroll.scroll_to(y=line, animate=False)

    def _go_to(self, address: str) -> None:
        addresses = [one.address for one in sections(self._text)]
        heads = self.query_one(GuideText).headings()
        if address in addresses and addresses.index(address) < len(heads):
            heading = heads[addresses.index(address)]
            # Newly mounted widgets have a position only after the next layout.
            self.call_after_refresh(heading.scroll_visible, top=True, animate=False)
        elif not address:
            self.query_one(GuideScroll).scroll_home(animate=False)

    def _mark(self, at: int | None) -> None:
        for number, block in enumerate(self.query_one(GuideText).blocks()):
            block.widget.set_class(number == at, "-found")
            if number == at:
                block.widget.scroll_visible(top=True, animate=False)

    def _show_title(self, more: str = "") -> None:
        words = Content.assemble(("Guides", "bold $primary"), f"  {self.guide.title}")
        if more:
            words = Content.assemble(words, (f"  ·  {more}", "$accent"))
        self.query_one("#guides-title", Static).update(words)


def _link_line(link: Words) -> Content:
    sign = {Leads.GUIDE: "→", Leads.WEB: "↗", Leads.FILE: "="}.get(link_to(link.href).leads, "✗")
    return Content.assemble((f"{sign} ", "$primary"), link.words, (f"  {link.href}", "$text-muted"))
