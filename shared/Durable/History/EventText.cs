namespace Bibind.Durable.History;

/// <summary>The one text of a line that may be large.</summary>
internal static class EventText
{
    extension(HistoryEvent line)
    {
        /// <summary>Input or result; null for lines that have none.</summary>
        public string? Text => line switch
        {
            TaskCompletedEvent e => e.Result,
            TaskScheduledEvent e => e.Input,
            ExecutionStartedEvent e => e.Input,
            ExecutionCompletedEvent e => e.Result,
            ContinueAsNewEvent e => e.Result,
            SubOrchestrationInstanceCreatedEvent e => e.Input,
            SubOrchestrationInstanceCompletedEvent e => e.Result,
            EventSentEvent e => e.Input,
            EventRaisedEvent e => e.Input,
            _ => null,
        };

        /// <summary>The line with another text.</summary>
        public HistoryEvent WithText(string? text) => line switch
        {
            TaskCompletedEvent e => e with { Result = text },
            TaskScheduledEvent e => e with { Input = text },
            ExecutionStartedEvent e => e with { Input = text },
            ExecutionCompletedEvent e => e with { Result = text },
            ContinueAsNewEvent e => e with { Result = text },
            SubOrchestrationInstanceCreatedEvent e => e with { Input = text },
            SubOrchestrationInstanceCompletedEvent e => e with { Result = text },
            EventSentEvent e => e with { Input = text },
            EventRaisedEvent e => e with { Input = text },
            _ => line,
        };
    }
}
