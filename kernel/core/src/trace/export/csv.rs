//! Every event as a line of CSV (RFC 4180), in the order of the picture's axis.

use crate::trace::{Moment, Trace};

const HEADER: &str =
    "trace_id,event_id,at_us,since_us,node,port,data_centre,role,thread,source_elapsed_us,clock_us,activity";

/// The events of a trace: `at_us` is the place on the axis, `since_us` the time since the node's event before.
pub fn csv(trace: &Trace) -> String {
    let mut out = String::from(HEADER);
    out.push_str("\r\n");
    let mut order: Vec<usize> = (0..trace.moments.len()).collect();
    order.sort_by_key(|&index| (trace.moments[index].at_us, index));
    for index in order {
        let moment = &trace.moments[index];
        line(&mut out, trace, moment, index.checked_sub(1).map(|before| &trace.moments[before]));
    }
    out
}

fn line(out: &mut String, trace: &Trace, moment: &Moment, before: Option<&Moment>) {
    let lane = trace.lanes.get(moment.lane);
    let since = before.filter(|before| before.lane == moment.lane).map(|before| moment.at_us - before.at_us);
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let fields = [
        trace.id().to_string(),
        moment.event_id.to_string(),
        moment.at_us.to_string(),
        number(since),
        lane.map(|lane| lane.address.clone()).unwrap_or_default(),
        number(lane.and_then(|lane| lane.port).map(i64::from)),
        lane.and_then(|lane| lane.data_centre.clone()).unwrap_or_default(),
        lane.map(|lane| lane.role.name().to_owned()).unwrap_or_default(),
        moment.thread.clone(),
        number(moment.elapsed_us),
        number(moment.clock_us),
        moment.activity.clone(),
    ];
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push_str("\r\n");
}
