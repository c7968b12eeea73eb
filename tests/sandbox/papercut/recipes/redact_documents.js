/*
 * Document names of some printer's jobs are not for everybody's eyes.
 */
function printJobHook(inputs, actions) {
  if (inputs.printer.printerName.match(/^HR/) || /salary|notice/i.test(inputs.job.documentName)) {
    actions.job.changeDocumentName("Confidential document of " + inputs.job.username);
  }
}
