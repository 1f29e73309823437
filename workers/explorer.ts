/** The thread that explores a model, or executes one schedule of it. */
import { serveJob } from '../src/host/threads/job-thread.ts';
import { replayModel, searchModel, type ExplorerJob, type SearchProgress } from '../src/explorer.ts';
import { CATALOGUE } from '../src/models/catalogue.ts';

serveJob((job: ExplorerJob, onProgress: (progress: SearchProgress) => void) =>
  (job.kind === 'search'
    ? searchModel(CATALOGUE, job.task, { now: () => performance.now(), onProgress })
    : replayModel(CATALOGUE, job.subject, job.schedule)));
