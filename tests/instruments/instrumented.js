// Our own worker, unchanged, with instruments. Served beside worker.js, which looks for the engine beside the script
// of its worker.
import "/instruments/report.js";
import "./worker.js";
