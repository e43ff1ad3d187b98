import './frames.test';
import './interpolate.test';
import './interval.test';
import './layout.test';
import './options.test';
import './report.test';
import './server.test';
import './variables.test';
