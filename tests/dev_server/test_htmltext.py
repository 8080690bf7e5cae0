from __future__ import annotations

import pytest

from dev_server.htmltext import html_to_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one</p><p>two   words\n here</p>", "one\n\ntwo words here"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<b>bo</b>ld <i>it</i><u>al</u>", "bold ital"),
        ('<a href="https://x.test/">here</a>.', "here <https://x.test/>."),
        ('<a href="https://x.test">https://x.test</a>', "https://x.test"),
        ('<a href="mailto:a@b.test">a@b.test</a>', "a@b.test"),
        ('<a href="#top">up</a> <a>none</a>', "up none"),
        ('<a href="https://x.test"><img alt="logo"></a>', "[logo] <https://x.test>"),
        ("<ul><li>one<li>two<ol><li>a<li>b</ol></ul>after", "• one\n• two\n  1. a\n  2. b\n\nafter"),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "A │ B\n1 │ 2"),
        ("<pre>  x\n    y</pre>", "  x\n    y"),
        ("<blockquote>said<br>this</blockquote>mine", "> said\n> this\n\nmine"),
        ("<h1>Title</h1>text<hr>more", "Title\n\ntext\n────────────────────\nmore"),
        ("<head><title>t</title><style>p{}</style></head><script>x</script>seen<!-- not -->", "seen"),
        ("&lt;b&gt; &amp; &euro;&#8364; &nbsp;x", "<b> & €€ x"),
        ("", ""),
        ("\x00", "\ufffd"),
    ],
)
def test_html_reads_like_text(source: str, text: str) -> None:
    assert html_to_text(source) == (text, None)


def test_what_is_cut_or_stripped_is_said() -> None:
    text, problem = html_to_text("<p>x</p>" * 200_000)
    assert text.startswith("x") and problem
    text, problem = html_to_text("word " * 300_000)
    assert len(text) <= 1_000_000 and problem
