/*
 * A line at the foot of each page says who printed it; exams are not archived.
 */
function printJobHook(inputs, actions) {
  if (inputs.user.fullName) {
    actions.job.setWatermark(inputs.user.fullName + " - %date%");
  } else {
    actions.job.setWatermark("");
  }
  if (inputs.job.documentName.toLowerCase().indexOf("exam") >= 0) {
    actions.job.disableArchiving();
  }
}
