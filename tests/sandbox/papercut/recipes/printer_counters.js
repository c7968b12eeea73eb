/*
 * Each printer has a limit of its own, and knows who used it last.
 */
function printJobHook(inputs, actions) {
  if (!inputs.job.isAnalysisComplete) {
    return;
  }
  var limit = inputs.printer.getNumberProperty("max-copies");
  if (limit !== null && inputs.job.copies > limit) {
    actions.job.cancel();
    actions.log.warning("Too many copies on " + inputs.printer.printerName);
    return;
  }
  if (inputs.printer.getProperty("last-user") !== inputs.user.username) {
    actions.printer.onCompletionSaveProperty("last-user", inputs.user.username, { saveWhenCancelled: true });
  }
  actions.printer.onCompletionIncrementNumberProperty("sheets", inputs.job.totalSheets);
}
