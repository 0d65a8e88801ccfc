import type { ReactElement, SVGProps } from 'react';

/** Outlines of Lucide (ISC), the few that the console shows. */
const PATHS = {
  home: 'M3 10.5 12 3l9 7.5V20a1 1 0 0 1-1 1h-5v-6h-6v6H4a1 1 0 0 1-1-1z',
  agents: 'M12 8V4H8M4 8h16v12H4zM2 14h2M20 14h2M15 13v2M9 13v2',
  builds: 'm14.7 6.3 3 3M3 21l9.5-9.5M17 3l4 4-6 6-4-4z',
  play: 'M6 4v16l14-8z',
  chat: 'M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5z',
  runs: 'M3 6h10M7 12h12M5 18h7',
  sessions: 'M8 9h8M8 13h5M4 4h16v13H9l-5 4z',
  flows: 'M5 3h5v5H5zM14 16h5v5h-5zM7.5 8v4a3 3 0 0 0 3 3h3.5',
  integrations: 'M9 7V3M15 7V3M6 7h12v5a6 6 0 0 1-12 0zM12 18v3',
  orchestration: 'M12 3v4M12 17v4M3 12h4M17 12h4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M14 5v4M6 15v4',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM21 21l-5-5',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M5 19l1.5-1.5M17.5 6.5 19 5',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4 7 7 0 0 0 20 14.5z',
  out: 'M9 4H4v16h5M16 8l4 4-4 4M20 12H9',
  plus: 'M12 5v14M5 12h14',
  check: 'm5 12 5 5 9-10',
  cross: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  alert: 'M12 4 2.5 20h19zM12 10v4M12 17v.5',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2',
  tool: 'M14 7a4 4 0 0 0 5 5l-8 8-4-4 8-8a4 4 0 0 0-1-1zM14 7a4 4 0 0 1 5-3l-3 3 2 2 3-3a4 4 0 0 1-2 6',
  model: 'M12 3 4 7v10l8 4 8-4V7zM4 7l8 4 8-4M12 11v10',
  send: 'M4 12 21 4l-6 17-4-7z',
  stop: 'M6 6h12v12H6z',
  pause: 'M8 5v14M16 5v14',
  refresh: 'M20 11a8 8 0 1 0-2 6M20 4v7h-7',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  down: 'm6 9 6 6 6-6',
  right: 'm9 6 6 6-6 6',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  edit: 'm4 20 1-4L16 5l3 3L8 19zM14 7l3 3',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6',
  columns: 'M4 4h16v16H4zM12 4v16',
  save: 'M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
} as const;

export type IconName = keyof typeof PATHS;

/** Decorative: what it stands for is said by the text or label beside it. */
export function Icon({
  name,
  size = 16,
  ...rest
}: { name: IconName; size?: number } & SVGProps<SVGSVGElement>): ReactElement {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.9}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      {...rest}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
