namespace Bibind.Client;

/// <summary>A page of a list, whatever is in it.</summary>
public interface IListResponse<T>
{
    /// <summary>The rows of this page.</summary>
    ICollection<T> Items { get; }

    /// <summary>Rows in all pages.</summary>
    long Total { get; }
}

/// <inheritdoc/>
public partial class AuditResponse : IListResponse<AuditView>;

/// <inheritdoc/>
public partial class ListResponseOfAlertView : IListResponse<AlertView>;

/// <inheritdoc/>
public partial class ListResponseOfBackupView : IListResponse<BackupView>;

/// <inheritdoc/>
public partial class ListResponseOfBillingMessageView : IListResponse<BillingMessageView>;

/// <inheritdoc/>
public partial class ListResponseOfCustomerView : IListResponse<CustomerView>;

/// <inheritdoc/>
public partial class ListResponseOfDomainView : IListResponse<DomainView>;

/// <inheritdoc/>
public partial class ListResponseOfFindingView : IListResponse<FindingView>;

/// <inheritdoc/>
public partial class ListResponseOfJobSummary : IListResponse<JobSummary>;

/// <inheritdoc/>
public partial class ListResponseOfMissingBackupView : IListResponse<MissingBackupView>;

/// <inheritdoc/>
public partial class ListResponseOfNoticeView : IListResponse<NoticeView>;

/// <inheritdoc/>
public partial class ListResponseOfOperatorTokenView : IListResponse<OperatorTokenView>;

/// <inheritdoc/>
public partial class ListResponseOfRegistrationView : IListResponse<RegistrationView>;

/// <inheritdoc/>
public partial class ListResponseOfSupportAccessView : IListResponse<SupportAccessView>;

/// <inheritdoc/>
public partial class ListResponseOfRolloutSummaryView : IListResponse<RolloutSummaryView>;

/// <inheritdoc/>
public partial class ListResponseOfRolloutTenantView : IListResponse<RolloutTenantView>;

/// <inheritdoc/>
public partial class ListResponseOfServerAlertView : IListResponse<ServerAlertView>;

/// <inheritdoc/>
public partial class ListResponseOfServerView : IListResponse<ServerView>;

/// <inheritdoc/>
public partial class ListResponseOfSubscriptionView : IListResponse<SubscriptionView>;

/// <inheritdoc/>
public partial class ListResponseOfTemplateVersionView : IListResponse<TemplateVersionView>;

/// <inheritdoc/>
public partial class ListResponseOfTemplateView : IListResponse<TemplateView>;

/// <inheritdoc/>
public partial class ListResponseOfTenantView : IListResponse<TenantView>;

/// <inheritdoc/>
public partial class ListResponseOfUsagePointView : IListResponse<UsagePointView>;

/// <inheritdoc/>
public partial class ListResponseOfWebhookDeliveryView : IListResponse<WebhookDeliveryView>;
