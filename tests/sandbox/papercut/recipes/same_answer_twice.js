/*
 * A draw that must come out the same each time the script is called: it is made of the job's own facts.
 */
function hash(text) {
  var h = 7;
  for (var i = 0; i < text.length; i++) {
    h = (h * 31 + text.charCodeAt(i)) % 1000003;
  }
  return h;
}

function printJobHook(inputs, actions) {
  var job = inputs.job;
  var seed = [job.date.getTime(), job.spoolSizeKB, job.documentName, job.clientMachineOrIP, job.fullPrinterName].join("|");
  actions.log.debug("seed " + seed);
  if (!job.isAnalysisComplete) {
    return;
  }
  var parts = [job.totalGrayscalePages, job.totalPages, job.copies, job.isDuplex, job.isGrayscale];
  var wins = hash(seed + parts.join("|")) % 2 === 0;
  actions.job.setCost(wins ? 0 : job.cost * 2);
  actions.job.addComment(wins ? "nothing" : "double");
}
