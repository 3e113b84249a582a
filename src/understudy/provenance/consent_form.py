"""One page for a performer to sign, in plain words, as HTML that any browser prints. No legal advice."""

from __future__ import annotations

from html import escape

from understudy.provenance.consent import Consent

_LINE = "<span class='line'></span>"
STYLE = """\
  @page { size: A4; margin: 22mm }
  body { font: 11.5pt/1.5 serif; max-width: 165mm; margin: auto; color: #000 }
  h1 { font-size: 17pt }
  dt { font-weight: bold; margin-top: 2.5mm }
  dd { margin: 0 }
  .line { display: inline-block; width: 100mm; border-bottom: 0.3mm solid; height: 6mm }
  .signed { display: flex; gap: 12mm; margin-top: 12mm }
  .signed div { flex: 1; border-top: 0.3mm solid; padding-top: 1mm; font-size: 9pt }
"""
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Consent: {who}</title>
{style}
<h1>Consent to the use of a face</h1>
<p>A computer model will be trained on pictures of the performer's face, and will paint that face, or another
performer's face over it, into the footage named here. Every finished file is marked as made so.</p>
<dl>
  <dt>Performer</dt><dd>{name}</dd>
  <dt>Production</dt><dd>{production}</dd>
  <dt>What the face may be used for</dt><dd>{scope}</dd>
  <dt>Uses</dt><dd>{uses}</dd>
  <dt>From, until</dt><dd>{start} &nbsp;to&nbsp; {end}</dd>
  <dt>Attested by</dt><dd>{attested_by}</dd>
</dl>
<p>The performer agrees to this and to nothing else. Never for intimate pictures, and never to make it seem that
the performer said or did something as themselves. Another use, or a later one, needs a new consent. The
performer may ask which files were made: the production keeps a ledger of all of them.</p>
<div class="signed"><div>Place and date</div><div>Performer</div><div>For the production</div></div>
</html>
"""


def form_html(performer: str, consent: Consent, *, production: str, style_at: str = "") -> str:
    """The page, filled in with what is recorded; what isn't is a line to write on. It holds its own STYLE, or
    names the address where that is."""
    return _PAGE.format(
        style=f'<link rel="stylesheet" href="{escape(style_at)}">' if style_at else f"<style>\n{STYLE}</style>",
        who=escape(consent.who or performer),
        name=_or_line(consent.who),
        production=_or_line(production),
        scope=_or_line(consent.scope),
        uses=_or_line(", ".join(consent.uses)),
        start=_or_line(consent.valid_from),
        end=_or_line(consent.valid_until),
        attested_by=_or_line(consent.attested_by),
    )


def _or_line(value: object) -> str:
    return escape(str(value)) if value else _LINE
