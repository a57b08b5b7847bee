// Texts that would run as a script if a page used them as anything but text. Generated from exits out of a context,
// payloads and encodings; the same list every time, without duplicates.
// Every payload calls `ran()`.

// Elements that run once they are in a page.
const ELEMENTS = [
  '<script>ran()</script>',
  '<script src=//injected.invalid/1.js></script>',
  '<img src=x onerror=ran()>',
  '<img/src=x/onerror=ran()>',
  '<img srcset=x onerror="ran()">',
  '<image src=x onerror=ran()>',
  '<svg onload=ran()>',
  '<svg><script>ran()</script></svg>',
  '<svg><animate onbegin=ran() attributeName=x dur=1s>',
  '<svg><a href="javascript:ran()"><text y=9>x</text></a></svg>',
  '<math><mi xlink:href="javascript:ran()">x</mi></math>',
  '<iframe src="javascript:ran()"></iframe>',
  '<iframe srcdoc="<script>parent.ran()</script>"></iframe>',
  '<object data="javascript:ran()"></object>',
  '<embed src="javascript:ran()">',
  '<video><source onerror=ran()></video>',
  '<audio src=x onerror=ran()></audio>',
  '<details open ontoggle=ran()>x</details>',
  '<input autofocus onfocus=ran()>',
  '<select autofocus onfocus=ran()></select>',
  '<textarea autofocus onfocus=ran()></textarea>',
  '<p tabindex=1 autofocus onfocus=ran()>x</p>',
  '<body onload=ran()>',
  '<marquee onstart=ran()>x</marquee>',
  '<form action="javascript:ran()"><button>x</button></form>',
  '<a href="javascript:ran()">x</a>',
  '<link rel=stylesheet href=//injected.invalid/1.css>',
  '<style>@import "//injected.invalid/2.css";</style>',
  '<meta http-equiv=refresh content="0;url=javascript:ran()">',
  '<base href=//injected.invalid/>',
  '<p style="background:url(//injected.invalid/3)">x</p>',
  '<p style="animation:spin 1s" onanimationstart=ran()>x</p>',
  '<template><script>ran()</script></template>',
  '<noscript><p title="</noscript><img src=x onerror=ran()>">',
];

// Exits out of the context of a text.
const EXITS = ['', '">', "'>", '</title>', '</textarea>', '</script>', '</style>', '-->', ']]>', '</p></div>'];

// What needs no element of its own: inside an attribute, an address, a script, a template.
const INSIDE = [
  '" onmouseover=ran() x="',
  "' onmouseover=ran() x='",
  '` onmouseover=ran() x=`',
  '" autofocus onfocus=ran() x="',
  '" style="x:expression(ran())',
  '";ran();//',
  "';ran();//",
  '\\";ran();//',
  "\\';ran();//",
  '${ran()}',
  '`+ran()+`',
  '{{ran()}}',
  '{{constructor.constructor("ran()")()}}',
  '<%= ran() %>',
  '#{ran()}',
  'javascript:ran()',
  'JaVaScRiPt:ran()',
  'java&Tab;script:ran()',
  'javascript&colon;ran()',
  '&#106;avascript:ran()',
  ' javascript:ran()//https://example.com',
  'vbscript:ran()',
  'data:text/html,<script>ran()</script>',
  'data:text/html;base64,PHNjcmlwdD5yYW4oKTwvc2NyaXB0Pg==',
  '//injected.invalid/4',
  '<!--<img src="--><img src=x onerror=ran()//">',
  '<![CDATA[<img src=x onerror=ran()>]]>',
  '<?xml-stylesheet href="javascript:ran()"?>',
  '[x](javascript:ran())',
  '[x](JAVASCRIPT:ran() "t")',
  '[x](<javascript:ran()>)',
  '[x](data:text/html,<script>ran()</script>)',
  '[x](https://example.com/"onmouseover="ran())',
  '<javascript:ran()>',
  '[x][y] [y]: javascript:ran()',
  '`<img src=x onerror=ran()>`',
  '**<img src=x onerror=ran()>**',
  '~~~<script>ran()</script>',
  '| <img src=x onerror=ran()> |',
];

const entities = (text, write) => text.replace(/[<>"'=()]/g, (sign) => write(sign.charCodeAt(0)));

// Other encodings of a text.
const WRITTEN = [
  (text) => entities(text, (code) => `&#${code};`),
  (text) => entities(text, (code) => `&#x${code.toString(16)}`),
  (text) => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  (text) => text.replaceAll('<', '&amp;lt;').replaceAll('>', '&amp;gt;'),
  (text) => entities(text, (code) => `%${code.toString(16)}`),
  (text) => entities(text, (code) => `\\u00${code.toString(16)}`),
  (text) => entities(text, (code) => `\\x${code.toString(16)}`),
  (text) => text.replace(/<(\w+)/g, (_, name) => `<${name[0].toUpperCase()}${name.slice(1)}`).replace(/on(\w+)=/g, 'oN$1='),
  (text) => text.replace(/<(\w+)/g, '<<$1'),
  (text) => text.replace(/[<>]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)),
  (text) => text.replace(/>$/, ''),
];

const made = [
  ...EXITS.flatMap((exit) => ELEMENTS.map((element) => exit + element)),
  ...INSIDE,
  ...WRITTEN.flatMap((write) => [...ELEMENTS.slice(0, 8), ...INSIDE.slice(0, 4)].map(write)),
];

// A column of an imported file holds at most 200 characters, without blanks at either end.
export const INJECTIONS = [...new Set(made.map((text) => text.trim()))].filter((text) => text.length <= 150);
