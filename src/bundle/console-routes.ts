import type { Logger } from '../log.ts';
import { declareRoute, publicRead, type Route, type RouteRequest, type RouteResponse } from '../route.ts';
import { type Asset, buildConsole, type ConsoleBundle } from './build-console.ts';
import { BundleCache } from './bundle-cache.ts';
import { consolePage, type PageConfig } from './console-page.ts';

const overview = declareRoute({
  method: 'GET',
  path: '/console',
  ...publicRead,
  description: 'The console: its overview. It does not exist with CONSOLE=false.',
  response: 'text/html',
});
const overviewBelow = declareRoute({
  method: 'GET',
  path: '/console/',
  ...publicRead,
  description: 'The console, with a slash behind it.',
  response: '308 to /console',
});
const listBelow = declareRoute({
  method: 'GET',
  path: '/console/:view/',
  ...publicRead,
  description: 'A view of the console, with a slash behind it.',
  response: '308 to /console/:view',
});
const recordBelow = declareRoute({
  method: 'GET',
  path: '/console/:view/:id/',
  ...publicRead,
  description: 'A record in the console, with a slash behind it.',
  response: '308 to /console/:view/:id',
});
const list = declareRoute({
  method: 'GET',
  path: '/console/:view',
  ...publicRead,
  description: 'The console: one of its views. It does not exist with CONSOLE=false.',
  response: 'text/html',
});
const explorer = declareRoute({
  method: 'GET',
  path: '/console/graphiql',
  ...publicRead,
  description:
    'GraphiQL, signed in like the console in the same tab. In production it is a page of the console that says where to go instead. It does not exist with CONSOLE=false.',
  response: 'text/html',
});
const record = declareRoute({
  method: 'GET',
  path: '/console/:view/:id',
  ...publicRead,
  description: 'The console: one record. It does not exist with CONSOLE=false.',
  response: 'text/html',
});
const assetPage = declareRoute({
  method: 'GET',
  path: '/console/assets/:file',
  ...publicRead,
  description:
    'A script or stylesheet of the console. A file with the same name never changes, so it can be cached for ever.',
  response:
    'text/javascript or text/css, compressed with brotli or gzip if accepted; 404 if there is no file with this name',
});

export type ConsoleOptions = Readonly<{
  config: Readonly<{ production: boolean; dataDir: string }> & PageConfig;
  logger: Logger;
  /** The page of GraphiQL and its policy; undefined in production, which has none. */
  graphiql: Readonly<{ page: () => Promise<string>; policy: string }> | undefined;
}>;

/**
 * The console's page and its files. The console is bundled in the background while the server starts (`warm`), or by
 * the first request. After a failed bundle, the next request tries again.
 */
export function createConsole(options: ConsoleOptions): { routes: readonly Route[]; warm(): void } {
  const { config, logger, graphiql } = options;
  const cache = new BundleCache(config.dataDir);
  let bundle: Promise<ConsoleBundle> | undefined;
  const bundled = () => {
    bundle ??= build();
    return bundle;
  };
  async function build(): Promise<ConsoleBundle> {
    try {
      const startedAt = performance.now();
      const { production } = config;
      const { name, bundle: kept } = await cache.find({ production });
      const built = kept ?? (await buildConsole({ production }));
      const ms = Math.round(performance.now() - startedAt);
      logger.debug({ ms, cached: kept !== undefined }, 'console bundled');
      if (kept === undefined && name !== undefined) void cache.keep(name, built);
      return built;
    } catch (error) {
      bundle = undefined;
      throw error;
    }
  }
  const show = async (view: string): Promise<RouteResponse> => consolePage(await bundled(), view, config);

  return {
    warm() {
      bundled().catch((error: unknown) => logger.error({ err: error }, 'could not bundle the console'));
    },
    routes: [
      // This comes before the routes of records, because `/console/assets/…` is not a record.
      assetPage(async ({ parameters, headers }) => {
        const asset = (await bundled()).assets.get(parameters.file ?? '');
        if (asset === undefined) {
          return {
            status: 404,
            body: { error: { code: 'NOT_FOUND', message: 'There is nothing at this path.' } },
          };
        }
        return sent(asset, String(headers['accept-encoding'] ?? ''));
      }),
      overview(() => show('overview')),
      overviewBelow(withoutLastSlash),
      listBelow(withoutLastSlash),
      recordBelow(withoutLastSlash),
      // Before the views, of which it is none.
      explorer(async () => {
        if (graphiql === undefined) return await show('graphiql');
        return {
          status: 200,
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'cache-control': 'no-store',
            'content-security-policy': graphiql.policy,
            'referrer-policy': 'no-referrer',
          },
          body: await graphiql.page(),
        };
      }),
      list(({ parameters }) => show(parameters.view ?? '')),
      record(({ parameters: { view = '', id } }) =>
        show(id === 'new' ? `${singular(view)}-new` : singular(view)),
      ),
    ],
  };
}

/** `delivery` for `deliveries`: the view of one record is named like this. */
const singular = (view: string) => view.replace(/ies$/, 'y').replace(/s$/, '');

const withoutLastSlash = ({ path, query }: RouteRequest): RouteResponse => ({
  status: 308,
  headers: { location: path.slice(0, -1) + (query.size === 0 ? '' : `?${query}`) },
});

function sent(asset: Asset, accepted: string): RouteResponse {
  const headers = {
    'content-type': asset.contentType,
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  };
  const takes = (coding: string) =>
    new RegExp(`(^|[\\s,])${coding}(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accepted);
  if (asset.brotli !== undefined && takes('br'))
    return { status: 200, headers: { ...headers, 'content-encoding': 'br' }, body: asset.brotli };
  if (asset.gzip !== undefined && takes('gzip'))
    return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: asset.gzip };
  return { status: 200, headers, body: asset.plain };
}
