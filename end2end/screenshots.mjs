// Pictures of the five tabs, in both languages, by day and by night: node screenshots.mjs [folder]
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Phone, ready, Server, signIn } from './harness.mjs';

const folder = resolve(process.argv[2] ?? 'screenshots');
const TABS = { home: '/app', learn: '/app/learn', events: '/app/events', rewards: '/app/rewards', me: '/app/me' };
const MEMBERS = { fr: 'karim@example.com', en: 'tom@example.com' };

await mkdir(folder, { recursive: true });
const server = await Server.start();
try {
  for (const [lang, member] of Object.entries(MEMBERS)) {
    const phone = await Phone.open(server.origin, { lang, reducedMotion: 'reduce' });
    const { page } = phone;
    try {
      await signIn(page, member);
      await ready(page);
      for (const light of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: light });
        for (const [tab, address] of Object.entries(TABS)) {
          await page.goto(address);
          await page.locator('main h1').first().waitFor();
          await page.locator('.skeleton').waitFor({ state: 'detached' });
          await page.waitForLoadState('networkidle');
          await page.screenshot({ path: join(folder, `${tab}-${lang}-${light}.png`), animations: 'disabled' });
        }
      }
      for (const error of phone.errors) console.error(error);
    } finally {
      await phone.close();
    }
  }
} finally {
  await server.close();
}
console.log(`in ${folder}`);
