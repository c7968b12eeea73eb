/*
 * Some group may print in office hours only.
 */
function printJobHook(inputs, actions) {
  var hour = inputs.job.date.getHours();
  var day = inputs.job.date.getDay();
  var closed = hour < 8 || hour >= 18 || day == 0 || day == 6;
  if (closed && inputs.user.isInGroup("Trainees")) {
    actions.client.sendMessage("Printing is open from 8 to 18 h.");
    actions.job.cancelAndLog("Out of hours: " + inputs.job.date.toDateString());
    actions.log.info(inputs.user.username + " tried to print out of hours");
  }
}
