"""Settings of Kean, read from the environment.

Every variable is checked when it is read; a wrong value stops the process with a
sentence that names it. `bin/run` fills in what is missing for a single machine.
"""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def env_bool(name: str, default: bool) -> bool:
    """Read a switch. Only `true` and `false` are accepted, so that a typo is not a silent "no"."""
    value = env.str(name, default="true" if default else "false").lower()
    if value not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name}={value}: use true or false.")
    return value == "true"


def env_required(name: str, hint: str) -> str:
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {hint}")
    return value


DEBUG = env_bool("KEAN_DEBUG", False)
SECRET_KEY = env_required("KEAN_SECRET_KEY", "Start with bin/run or bin/manage, or set a long random value.")
DATA_DIR = Path(env.str("KEAN_DATA", default=str(BASE_DIR / "var")))
ALLOWED_HOSTS = env.list("KEAN_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
PUBLIC_URL = env.str("KEAN_PUBLIC_URL", default=f"http://127.0.0.1:{env.int('PORT', default=8000)}").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("KEAN_CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "csp",
    "core",
    "customers",
    "knowledge",
    "scripts_library",
    "tickets",
    "crm",
    "crm.staff",
    "crm.followups",
    "crm.performance",
    "crm.insights",
    "crm.integrations",
    "crm.workbench",
    "config",
]

MIDDLEWARE = [
    "core.middleware.DatabaseUnavailableMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "crm.staff.middleware.SessionLimitsMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "crm.staff.middleware.SecondFactorMiddleware",
    "crm.middleware.StorableTextMiddleware",
    "crm.middleware.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps' own, so that login and admin pages can be ours.
        "DIRS": [BASE_DIR / "crm" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.context.frame",
            ],
        },
    }
]

# Engines. PostgreSQL is the only database; the Redis protocol carries broker, cache and live news.
DATABASES = {
    "default": {
        **env.db_url_config(env_required("DATABASE_URL", "Start with bin/run or bin/manage, or name a PostgreSQL.")),
        "CONN_HEALTH_CHECKS": True,
    }
}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: postgresql://…")
_db_options = DATABASES["default"].setdefault("OPTIONS", {})
_db_options["pool"] = {"min_size": 1, "max_size": env.int("KEAN_DB_POOL", default=20), "timeout": 10}
REDIS_URL = env_required("REDIS_URL", "Start with bin/run or bin/manage, or name a Redis or Valkey.")

CACHES = {"default": {"BACKEND": "core.cache.OneClientRedisCache", "LOCATION": REDIS_URL, "TIMEOUT": 60}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Celery executes what is due; nothing durable lives in the broker. See docs/adr/0002.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 20
CELERY_TASK_TIME_LIMIT = 25
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "kean"

# People
AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "crm.staff.backends.RoleBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "crm.staff.passwords.LengthValidator"},
    {"NAME": "crm.staff.passwords.OwnNameValidator"},
    {"NAME": "crm.staff.passwords.NotCommonValidator"},
    {"NAME": "crm.staff.passwords.NotOnlyDigitsValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username"], ["ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_HANDLER = "crm.staff.lockout.LockoutHandler"
AXES_USERNAME_CALLABLE = "crm.staff.lockout.normal_username"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
ACCOUNT_ADAPTER = "crm.staff.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/key"}
ACCOUNT_FORMS = {
    "login": "crm.staff.forms.LoginForm",
    "change_password": "crm.staff.forms.ChangePasswordForm",
    "reset_password": "crm.staff.forms.ResetPasswordForm",
    "reset_password_from_key": "crm.staff.forms.ResetPasswordKeyForm",
    "reauthenticate": "crm.staff.forms.ReauthenticateForm",
}
PASSWORD_RESET_TIMEOUT = int(timedelta(minutes=30).total_seconds())
MFA_ADAPTER = "crm.staff.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Kean"
# Addresses are entered by admins, not by whoever signs up.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "crm.staff.forms.AuthenticateCodeForm",
    "reauthenticate": "crm.staff.forms.ReauthenticateCodeForm",
    "activate_totp": "crm.staff.forms.ActivateCodeForm",
}
# Roles that must set up a second factor before they can work, for example "admin,supervisor".
SECOND_FACTOR_ROLES = env.list("KEAN_SECOND_FACTOR_ROLES", default=[])
AXES_LOCKOUT_TEMPLATE = "account/locked.html"

# Language and time. Sentences are written in Chinese; English is the second language.
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["crm.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# Files
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"  # made from the code alone, so it is not part of the data
STATICFILES_DIRS = [
    ("tabler", BASE_DIR / "node_modules/@tabler/core/dist"),
    ("tabler-icons", BASE_DIR / "node_modules/@tabler/icons-webfont/dist"),
    ("alpine", BASE_DIR / "node_modules/@alpinejs/csp/dist"),
    ("echarts", BASE_DIR / "node_modules/echarts/dist"),
]
STATICFILES_FINDERS = [
    "config.static_files.FrontEndFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
# What pages use of these packages. Add a line when a page needs one more.
FRONT_END_FILES = [
    "tabler/css/tabler.min.css*",
    "tabler/js/tabler.min.js*",
    "tabler-icons/tabler-icons.min.css",
    "tabler-icons/fonts/tabler-icons.*",
    "alpine/cdn.min.js",
    "echarts/echarts.min.js",
]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
ATTACHMENT_MAX_BYTES = 20 * 1024 * 1024

# Personal data. Keys are 32 random bytes, base64, newest first: "k2:…,k1:…". See docs/privacy.md.
PRIVACY_KEYS = env.str("KEAN_PRIVACY_KEYS", default="")
PRIVACY_INDEX_KEY = env.str("KEAN_PRIVACY_INDEX_KEY", default="")
# Only a development machine may go without: keys are then derived from the secret key.
PRIVACY_KEYS_DERIVED = DEBUG

# HTTP
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm.staff.api.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.CodenamePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["core.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.errors.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttling.ApiThrottle"],
    "PAGE_SIZE": 25,
    "COERCE_DECIMAL_TO_STRING": True,
}
API_CALLS_PER_MINUTE = env.int("KEAN_API_CALLS_PER_MINUTE", default=6000)
# Addresses or networks whose X-Forwarded-For is believed. Empty: nobody's.
TRUSTED_PROXIES = env.list("KEAN_TRUSTED_PROXIES", default=[])
SPECTACULAR_SETTINGS = {
    "TITLE": _("客安 Kean API"),
    "DESCRIPTION": _("客服、工单、投诉、话术与知识的接口。"),
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.schema.translate_descriptions",
    ],
    # Fields of one name with different words get the name of what they tell of.
    "ENUM_NAME_OVERRIDES": {
        "TicketTypeEnum": "tickets.choices.TicketType",
        "PostPlatformEnum": "tickets.publicity.choices.PostPlatform",
        "SentimentEnum": "tickets.publicity.choices.Sentiment",
        "RecallRemedyEnum": "customers.recall_choices.RecallRemedy",
        "FindingDimensionEnum": "crm.insights.remedies.api.DIMENSION_CHOICES",
        "RiskDimensionEnum": "crm.insights.complaints.api.DIMENSION_CHOICES",
        "DemandedRemedyEnum": "tickets.negotiation.choices.Remedy",
        "NegotiationStateEnum": "tickets.negotiation.choices.NegotiationState",
        "OfferStateEnum": "tickets.negotiation.choices.OfferState",
        "OfferAnswerEnum": "tickets.negotiation.choices.Answer",
        "RoomEntryKindEnum": "tickets.rooms.choices.EntryKind",
        "RoomWrittenKindEnum": "tickets.rooms.rooms.WRITTEN_KINDS",
        "GuestKindEnum": "tickets.rooms.choices.GuestKind",
        "BurdenKindEnum": "tickets.api.solutions.BURDENS",
        "SolutionSourceEnum": "tickets.api.solutions.SOURCES",
        "ClockMetricEnum": "tickets.choices.Metric",
        "AvailabilityEnum": "crm.staff.choices.Availability",
        "AfterSalesKindEnum": "tickets.aftersales_choices.AfterSalesKind",
        "AfterSalesStateEnum": "tickets.aftersales_choices.AfterSalesState",
        "AfterSalesReasonEnum": "tickets.aftersales_choices.AfterSalesReason",
        "EligibilityReasonEnum": "tickets.api.aftersales.shapes.JUDGED_REASONS",
        "GoodsConditionEnum": "tickets.aftersales_choices.GoodsCondition",
        "InspectionResultEnum": "tickets.aftersales_choices.InspectionResult",
        "RefundStatusEnum": "tickets.aftersales_choices.RefundStatus",
        "WarrantyKindEnum": "tickets.aftersales_choices.WarrantyKind",
        "SafetyTermKindEnum": "knowledge.choices.SafetyTermKind",
        "DiagnosisOutcomeEnum": "knowledge.choices.DiagnosisOutcome",
        "HarmKindEnum": "tickets.safety_choices.HarmKind",
        "TicketStatusEnum": "tickets.choices.TicketStatus",
        "MessageKindEnum": "tickets.choices.MessageKind",
        "SentKindEnum": "tickets.api.serializers.SENT_KINDS",
        "TransitionEnum": "tickets.choices.Action",
        "BulkActionEnum": "crm.workbench.models.BulkAction",
        "ChannelKindEnum": "tickets.choices.ChannelKind",
        "LinkKindEnum": "tickets.choices.LinkKind",
        "TiedKindEnum": "tickets.api.desk.TIED_BY_HAND",
        "NoticeKindEnum": "tickets.choices.NoticeKind",
        "WaitingStateEnum": "tickets.choices.WaitingState",
        "ContactOutcomeEnum": "tickets.models.message.ContactAttempt.Outcome",
        "OrderStatusEnum": "customers.choices.OrderStatus",
        "CareKindEnum": "customers.choices.CareKind",
        "ConsentPurposeEnum": "customers.choices.ConsentPurpose",
        "ConsentChannelEnum": "customers.choices.ConsentChannel",
        "RecallStatusEnum": "customers.recall_choices.RecallStatus",
        "RecallStepEnum": "customers.api.recalls.STEPS",
        "DisruptionStatusEnum": "customers.recall_choices.DisruptionStatus",
        "DisruptionPlanEnum": "customers.recall_choices.PlanKind",
        "OutreachPurposeEnum": "customers.outreach_choices.OutreachPurpose",
        "OutreachChannelEnum": "customers.outreach_choices.OutreachChannel",
        "OutreachStatusEnum": "customers.outreach_choices.OutreachStatus",
        "AskedPurposeEnum": "customers.api.outreach.ASKED_CHOICES",
        "ContactResultEnum": "customers.outreach_choices.ContactResult",
        "ShipmentStageEnum": "customers.shipment_choices.NodeKind",
        "ShipmentExceptionKindEnum": "customers.shipment_choices.ExceptionKind",
        "ShipmentExceptionStatusEnum": "customers.shipment_choices.ExceptionStatus",
        "ShipmentResolutionEnum": "customers.api.shipments.BY_PEOPLE",
        "TagKindEnum": "customers.choices.TagKind",
        "RunStateEnum": "core.procedures.choices.RunState",
        "StepStateEnum": "core.procedures.choices.StepState",
        "TriggerKindEnum": "tickets.grading.choices.TriggerKind",
        "TargetRoleEnum": "tickets.grading.choices.TargetRole",
        "TaskStateEnum": "core.procedures.choices.TaskState",
        "ProofKindEnum": "core.procedures.choices.ProofKind",
        "VersionStatusEnum": "core.versions.choices.VersionStatus",
        "ScriptKindEnum": "scripts_library.choices.ScriptKind",
        "VisitStatusEnum": "crm.followups.choices.VisitStatus",
        "VisitOutcomeEnum": "crm.followups.choices.VisitOutcome",
        "StageEnum": "tickets.choices.Stage",
        "NormStageEnum": "tickets.choices.NormStage",
        "NormUnitEnum": "tickets.choices.NormUnit",
        "ConfidenceEnum": "tickets.choices.Confidence",
        "BreachKindEnum": "tickets.choices.BreachKind",
        "CauseEnum": "tickets.choices.Cause",
        "AppointmentStateEnum": "tickets.appointment_choices.AppointmentState",
        "ServiceResultEnum": "tickets.appointment_choices.ServiceResult",
        "AuthorityEnum": "tickets.legal_choices.Authority",
        "CaseEventEnum": "tickets.legal_choices.CaseEvent",
        "CaseStateEnum": "tickets.legal_choices.CaseState",
        "CaseOutcomeEnum": "tickets.legal_choices.CaseOutcome",
        "ClockKindEnum": "tickets.legal_choices.ClockKind",
        "PeriodUnitEnum": "tickets.legal_choices.PeriodUnit",
        "EvidenceKindEnum": "tickets.legal_choices.EvidenceKind",
        "InvestigationStateEnum": "tickets.legal_choices.InvestigationState",
        "EntryKindEnum": "tickets.legal_choices.EntryKind",
        "ShopPlatformEnum": "customers.choices.ShopPlatform",
        "BreachSourceEnum": "tickets.choices.BreachSource",
        "DayKindEnum": "core.calendars.models.DayKind",
        "ProblemStateEnum": "crm.insights.choices.ProblemState",
        "InnovationStateEnum": "crm.insights.choices.InnovationState",
        "SampleStateEnum": "crm.performance.choices.SampleState",
        "LedgerCheckStateEnum": "tickets.models.ledger.CheckState",
        "LedgerScopeEnum": "tickets.models.ledger.CheckScope",
        "GreenOptionEnum": "tickets.aftersales_choices.GreenOption",
        "ExperimentKindEnum": "tickets.aftersales_choices.ExperimentKind",
        "InnovationKindEnum": "crm.insights.choices.InnovationKind",
        "ProblemKindEnum": "crm.insights.choices.ProblemKind",
        "ImprovementStateEnum": "crm.insights.choices.ImprovementState",
        "ImprovementSourceEnum": "crm.insights.choices.ImprovementSource",
        "AbuseStateEnum": "tickets.choices.AbuseState",
        "ReliefStateEnum": "crm.staff.choices.ReliefState",
        "AngerLevelEnum": "scripts_library.choices.AngerLevel",
    },
}
METRICS_TOKEN = env.str("KEAN_METRICS_TOKEN", default="")
WEBHOOK_ALLOW = env.list("KEAN_WEBHOOK_ALLOW", default=[])
# Where the API of WeChat official accounts is reached; a gateway of one's own may stand here.
WECHAT_API_URL = env.str("KEAN_WECHAT_API_URL", default="https://api.weixin.qq.com").rstrip("/")
MAIL_ALLOW = env.list("KEAN_MAIL_ALLOW", default=[])
MAIL_CA_FILE = env.str("KEAN_MAIL_CA_FILE", default="")

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/", "/api/docs/"],
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
HTTPS_ONLY = env_bool("KEAN_HTTPS", False)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
SESSION_COOKIE_NAME = "__Host-kean" if HTTPS_ONLY else "kean"
CSRF_COOKIE_NAME = "__Host-kean-csrf" if HTTPS_ONLY else "kean-csrf"
SECURE_HSTS_SECONDS = 31536000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Mail
EMAIL_IS_KEPT = not env.str("EMAIL_URL", default="")
if EMAIL_IS_KEPT:
    EMAIL_BACKEND = "core.kept_mail.KeptMailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "outbox"
else:
    EMAIL_CONFIG = env.email_url("EMAIL_URL")
    vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 15  # seconds; the outbox gives a sender twenty
DEFAULT_FROM_EMAIL = env.str("KEAN_FROM_EMAIL", default="kean@localhost")

UNFOLD = {
    "SITE_TITLE": _("客安"),
    "SITE_HEADER": _("客安 Kean"),
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("crm/mark.svg"),
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": True},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 262)",
            "100": "oklch(93.2% .032 262)",
            "200": "oklch(88.2% .059 262)",
            "300": "oklch(80.9% .1 262)",
            "400": "oklch(70.7% .14 262)",
            "500": "oklch(60% .18 262)",
            "600": "oklch(50.5% .2 262)",
            "700": "oklch(45% .18 262)",
            "800": "oklch(40% .15 262)",
            "900": "oklch(36% .12 262)",
            "950": "oklch(27% .08 262)",
        }
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.str("KEAN_LOG_LEVEL", default="INFO")},
    # fontTools tells every glyph it keeps, and with that the words of a document.
    "loggers": {name: {"level": "WARNING"} for name in ("django.server", "fontTools", "httpx")},
}
